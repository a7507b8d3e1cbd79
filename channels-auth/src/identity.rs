//! Whom a credential stands for.

use std::{fmt, str::FromStr, time::SystemTime};

use serde_json::{Map, Value};

use crate::{AuthError, digest::Digest};

/// Whom a credential stands for, before the user is loaded.
#[derive(Clone)]
#[non_exhaustive]
pub struct Identity {
    /// The user's id, as the credential has it.
    pub user_id: String,
    /// When the credential ends; `None` if it does not.
    pub expires: Option<SystemTime>,
    /// All else the credential says, such as a token's claims: for a user who needs no database.
    pub claims: Map<String, Value>,
    /// What it goes back to: the credential itself, or what a ticket was issued for. Known once it was looked at.
    pub(crate) origin: Option<Digest>,
    /// When it was issued, where that is known without a claim: a ticket's time.
    pub(crate) issued: Option<SystemTime>,
}

impl Identity {
    /// The user of this id, for good.
    pub fn new(user_id: impl fmt::Display) -> Self {
        Self { user_id: user_id.to_string(), expires: None, claims: Map::new(), origin: None, issued: None }
    }

    /// The user's id as a number, a UUID, or what else parses. Space around it does not count, as in Django.
    ///
    /// # Errors
    ///
    /// [`AuthError::Invalid`] if it is none.
    pub fn id<T: FromStr>(&self) -> Result<T, AuthError> {
        let parsed = self.user_id.trim().parse();
        parsed.or(Err(AuthError::Invalid("the user's id is not of the type asked for")))
    }
}

/// By what it says, however it was come by.
impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        (&self.user_id, self.expires, &self.claims) == (&other.user_id, other.expires, &other.claims)
    }
}

/// Without the claims' values, among which may be names and addresses.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("user_id", &self.user_id)
            .field("expires", &self.expires)
            .field("claims", &self.claims.keys().collect::<Vec<_>>())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_parsed_as_the_type_asked_for() {
        assert_eq!(Identity::new(" 4689 ").id::<u64>().unwrap(), 4689);
        assert!(matches!(Identity::new("alice").id::<u64>(), Err(AuthError::Invalid(_))));
    }

    #[test]
    fn debug_shows_the_names_of_claims_alone() {
        let mut identity = Identity::new(7);
        identity.claims.insert("email".into(), "alice@example.org".into());

        let shown = format!("{identity:?}");

        assert!(shown.contains("email") && !shown.contains("alice"), "{shown}");
    }
}
