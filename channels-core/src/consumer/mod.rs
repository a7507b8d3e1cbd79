//! What an application writes: a value for each connection, with hooks.

mod handlers;
mod json;
pub(crate) mod unhandled;
mod websocket;

pub(crate) use self::handlers::{Dispatch, Way, Ways};
pub use self::{handlers::Handlers, json::JsonWebsocketConsumer, websocket::WebsocketConsumer};
