//! A token as a client sent it.

use std::fmt;

/// A token as a client sent it. Nothing is known of it yet.
///
/// Its `Debug` does not show it: [`expose`](Self::expose) does, for those who check it.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    secret: String,
    path: Option<String>,
    cookie: Option<String>,
}

impl Credential {
    /// A credential that came on another way than those of [`Source`](crate::Source).
    pub fn new(secret: impl Into<String>) -> Self {
        Self { secret: secret.into(), path: None, cookie: None }
    }

    /// The same, as it was presented at this path.
    #[must_use]
    pub fn presented_at(self, path: impl Into<String>) -> Self {
        Self { path: Some(path.into()), ..self }
    }

    /// The same, as it came in the cookie of this name.
    pub(crate) fn in_cookie(self, name: &str) -> Self {
        Self { cookie: Some(name.to_owned()), ..self }
    }

    /// The token itself. Do not log it.
    pub fn expose(&self) -> &str {
        &self.secret
    }

    /// The path that it was presented at, percent-decoded: what a credential for one place alone is checked
    /// against. `None` if that is not known.
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// The name of the cookie it came in, if it came in one.
    pub fn cookie(&self) -> Option<&str> {
        self.cookie.as_deref()
    }

    /// What follows `scheme` in an `Authorization` header. Schemes have no case (RFC 9110 section 11.1).
    pub(crate) fn of_scheme(scheme: &str, line: &str) -> Option<Self> {
        let (said, token) = line.trim().split_once([' ', '\t'])?;
        let token = token.trim_start();
        (said.eq_ignore_ascii_case(scheme) && !token.is_empty()).then(|| Self::new(token))
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_is_what_follows_the_scheme() {
        for (line, token) in [
            ("Bearer abc", Some("abc")),
            ("bearer  abc ", Some("abc")),
            ("Bearer a b", Some("a b")),
            ("Bearer", None),
            ("Bearer ", None),
            ("Basic abc", None),
            ("abc", None),
        ] {
            let found = Credential::of_scheme("Bearer", line);
            assert_eq!(found.as_ref().map(Credential::expose), token, "{line:?}");
        }
    }

    #[test]
    fn debug_does_not_show_it() {
        assert_eq!(format!("{:?}", Credential::new("s3cr3t")), "Credential(***)");
    }
}
