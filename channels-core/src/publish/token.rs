//! Who may publish.

use actix_web::http::header::HeaderValue;
use subtle::{Choice, ConstantTimeEq};

use super::answer::Refused;

/// What nobody guesses.
const SHORTEST: usize = 16;

/// The tokens, any of which admits.
#[derive(Clone)]
pub(super) struct Tokens(Vec<String>);

impl Tokens {
    #[track_caller]
    pub(super) fn new(token: String) -> Self {
        let mut tokens = Self(Vec::new());
        tokens.add(token);
        tokens
    }

    #[track_caller]
    pub(super) fn add(&mut self, token: String) {
        assert!(token.len() >= SHORTEST, "a token to publish with has {SHORTEST} characters at least");
        assert!(
            token.bytes().all(|byte| byte.is_ascii_graphic()),
            "a token to publish with is visible ASCII"
        );
        self.0.push(token);
    }

    /// Admits who brings `Authorization: Bearer` and one of them.
    pub(super) fn admit(&self, authorization: Option<&HeaderValue>) -> Result<(), Refused> {
        let presented = authorization.ok_or(Refused::NoToken)?.to_str().ok().and_then(bearer);
        let presented = presented.ok_or(Refused::NoToken)?.as_bytes();
        // each is compared, and all of it: the time tells no more than a length
        let fits = |fit: Choice, token: &String| fit | token.as_bytes().ct_eq(presented);
        if bool::from(self.0.iter().fold(Choice::from(0), fits)) { Ok(()) } else { Err(Refused::BadToken) }
    }
}

/// The token of RFC 6750, section 2.1. The name of a scheme is as it likes (RFC 9110, section 11.1).
fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_of_the_tokens_admits_and_no_part_of_one() {
        let mut tokens = Tokens::new("the-first-of-our-tokens".to_owned());
        tokens.add("and-the-second-of-them".to_owned());
        let outcome = |header: &'static str| tokens.admit(Some(&HeaderValue::from_static(header)));

        for good in ["Bearer the-first-of-our-tokens", "bearer  and-the-second-of-them"] {
            assert!(outcome(good).is_ok(), "{good}");
        }
        for bad in ["Bearer the-first-of-our-token", "Bearer the-first-of-our-tokens2", "Bearer x"] {
            assert!(matches!(outcome(bad), Err(Refused::BadToken)), "{bad}");
        }
        for none in ["the-first-of-our-tokens", "Basic the-first-of-our-tokens", "Bearer ", ""] {
            assert!(matches!(outcome(none), Err(Refused::NoToken)), "{none}");
        }
        assert!(matches!(tokens.admit(None), Err(Refused::NoToken)));
    }
}
