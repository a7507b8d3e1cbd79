//! The kinds of credentials that a stack accepts, in their order.

use std::sync::Arc;

use crate::{AuthError, Authenticator, Credential, Identity};

/// The kinds of credentials that a stack accepts. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Kinds(Vec<Arc<dyn Authenticator>>);

impl Kinds {
    pub(crate) fn push(&mut self, authenticator: impl Authenticator) {
        self.0.push(Arc::new(authenticator));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<dyn Authenticator>> {
        self.0.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it came in an authenticator's own cookie, which a browser brings to every page.
    pub(crate) fn comes_by_itself(&self, credential: &Credential) -> bool {
        self.iter().any(|one| has_its_cookie(one.as_ref(), credential))
    }

    /// Those that are asked about a credential: of what came in an authenticator's own cookie, that one alone.
    pub(crate) fn asked(&self, credential: &Credential) -> impl Iterator<Item = &Arc<dyn Authenticator>> {
        let comes_by_itself = self.comes_by_itself(credential);
        self.iter().filter(move |one| {
            if comes_by_itself { has_its_cookie(one.as_ref(), credential) } else { one.cookie().is_none() }
        })
    }

    /// Whom a credential stands for, and who says so.
    pub(crate) async fn identity(
        &self,
        credential: &Credential,
    ) -> Result<(Identity, Arc<dyn Authenticator>), AuthError> {
        for one in self.asked(credential) {
            if let Some(identity) = one.authenticate(credential).await? {
                return Ok((identity, Arc::clone(one)));
            }
        }
        Err(AuthError::Invalid("it is of no kind that is accepted"))
    }
}

/// Whether this credential came in the cookie that this authenticator has for its own.
fn has_its_cookie(authenticator: &dyn Authenticator, credential: &Credential) -> bool {
    authenticator.cookie().is_some() && authenticator.cookie() == credential.cookie()
}
