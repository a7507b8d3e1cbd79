//! Facade.
pub use channels_auth::{
    AuthError, Authenticator, BoxError, Credential, Identity, Source, TokenAuth, UserLoader,
};
#[cfg(feature = "jwt")]
pub use channels_auth::{Jwt, JwtIssuer, JwtKey, KeyError};
pub use channels_core::*;
