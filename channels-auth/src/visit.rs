//! Where a credential comes from.

use std::net::IpAddr;

use channels_core::Scope;

/// Where a credential comes from, once its scope is a consumer's.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    pub(crate) path: String,
    /// What bad credentials are counted by.
    pub(crate) network: Option<IpAddr>,
    /// The path as a log may show it.
    pub(crate) shown: String,
}

impl Visit {
    pub(crate) fn of(scope: &Scope) -> Self {
        Self { path: scope.path().to_owned(), network: scope.client_network(), shown: scope.redacted_path() }
    }
}
