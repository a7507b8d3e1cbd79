//! What can be measured.

pub(crate) mod avalanche;
pub(crate) mod churn;
pub(crate) mod connect;
pub(crate) mod echo;
pub(crate) mod fanout;
pub(crate) mod idle;
pub(crate) mod jitter;
mod opening;
mod room;
pub(crate) mod slow;
