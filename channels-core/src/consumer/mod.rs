//! What an application writes: a value for each connection, with hooks; or one that works on jobs.

mod handlers;
mod json;
pub(crate) mod unhandled;
mod websocket;
mod worker;

pub(crate) use self::handlers::{Dispatch, Way, Ways};
pub use self::{
    handlers::Handlers, json::JsonWebsocketConsumer, websocket::WebsocketConsumer, worker::Worker,
};
