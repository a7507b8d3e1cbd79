//! What an owner's tabs are told. Each event carries the number of unread notifications after it.

use channels_actix::{Event, Group, NameError};
use serde::{Deserialize, Serialize};

use crate::notifications::Notification;

/// All tabs of a user.
pub(crate) fn tabs_of(owner: impl ToString) -> Result<Group, NameError> {
    Group::of("user", owner.to_string())
}

/// There is a new one.
#[derive(Serialize, Deserialize)]
pub(crate) struct Created {
    pub(crate) notification: Notification,
    pub(crate) unread: u32,
}

/// One is read, or is not any more.
#[derive(Serialize, Deserialize)]
pub(crate) struct Updated {
    pub(crate) notification: Notification,
    pub(crate) unread: u32,
}

/// One is gone.
#[derive(Serialize, Deserialize)]
pub(crate) struct Deleted {
    pub(crate) id: i64,
    pub(crate) unread: u32,
}

impl Event for Created {
    const TYPE: &'static str = "notification.created";
}

impl Event for Updated {
    const TYPE: &'static str = "notification.updated";
}

impl Event for Deleted {
    const TYPE: &'static str = "notification.deleted";
}
