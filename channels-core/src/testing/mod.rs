//! What a test needs: a client without a socket, and a server with one.
//!
//! [`WebsocketCommunicator`] is Django Channels' tool of that name; [`TestServer`] is its live server.

mod communicator;
mod request;
mod server;

pub use self::{communicator::WebsocketCommunicator, request::WebsocketRequest, server::TestServer};
