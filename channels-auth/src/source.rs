//! Where in a request to connect a credential stands.

use channels_core::Scope;

use crate::Credential;

/// Where in a request to connect a credential stands.
///
/// A browser's script can set neither headers nor a body, so that its choice is the query string, a
/// subprotocol, or a cookie. [`TokenAuth::or_first_message`](crate::TokenAuth::or_first_message) is one more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source(Place);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Query(String),
    Subprotocol(String),
    Cookie(String),
    Authorization(String),
}

impl Source {
    /// A parameter of the query string: `?token=…`. Proxies in front may log it; ours do not.
    pub fn query(name: impl Into<String>) -> Self {
        Self(Place::Query(name.into()))
    }

    /// The subprotocol after `marker`: `new WebSocket(url, ["bearer", token])`.
    ///
    /// The token is taken out of what the client offers. The handshake is answered with another offer, since a
    /// browser insists on one of its own: the first that is neither, or else the marker.
    pub fn subprotocol(marker: impl Into<String>) -> Self {
        Self(Place::Subprotocol(marker.into()))
    }

    /// A cookie, which a browser sends with the handshake.
    ///
    /// So does a page of somebody else's: keep the check of the origin.
    pub fn cookie(name: impl Into<String>) -> Self {
        Self(Place::Cookie(name.into()))
    }

    /// `Authorization: <scheme> …`: `Bearer` for most, `Token` for Django REST framework and Knox.
    pub fn authorization(scheme: impl Into<String>) -> Self {
        Self(Place::Authorization(scheme.into()))
    }

    /// The credential, if one stands there.
    pub(crate) fn find(&self, scope: &mut Scope) -> Option<Credential> {
        match &self.0 {
            Place::Query(name) => scope.query(name).map(Credential::new),
            Place::Subprotocol(marker) => after(marker, scope),
            Place::Cookie(name) => {
                let value = scope.cookie(name).filter(|value| !value.is_empty())?;
                Some(Credential::new(value).in_cookie(name))
            }
            Place::Authorization(scheme) => {
                Credential::of_scheme(scheme, scope.header("authorization")?.to_str().ok()?)
            }
        }
    }
}

fn after(marker: &str, scope: &mut Scope) -> Option<Credential> {
    let at = scope.subprotocols().iter().position(|offer| offer == marker)?;
    let token = scope.take_subprotocol(at + 1)?;
    if scope.subprotocols().len() > 1 {
        scope.take_subprotocol(at);
    }
    Some(Credential::new(token))
}
