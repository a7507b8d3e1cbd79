//! What a file with consumers needs: `use channels_actix::prelude::*`.
//!
//! [`Result`] is this crate's, with [`Error`](crate::Error) for what is left out.

#[cfg(feature = "jwt")]
pub use crate::Jwt;
#[cfg(feature = "sessions")]
pub use crate::SessionExt;
pub use crate::{
    AllowedHosts, AuthError, Channels, CloseCode, Event, Frame, Group, Handlers, Identity, Job,
    JsonWebsocketConsumer, Layer, LoginExt, MemoryLayer, Received, Result, Scope, Socket, TokenAuth,
    UserLoader, WebsocketConsumer, Worker, async_trait,
};
