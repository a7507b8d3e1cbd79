//! Keys that an issuer publishes: loaded, changed, and kept while it is away.

mod answers;
#[cfg(feature = "postgres")]
mod django;
mod file;
mod issuer;
mod outage;
mod rotation;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use channels_actix::*;

use self::issuer::{Answer, Issuer, Signer};
use super::{Site, Users};

/// A clock that a test moves on. The tokens' own goes as ever.
#[derive(Clone, Default)]
struct Later(Arc<AtomicU64>);

impl Later {
    fn moves_on(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }

    fn on(&self, keys: Jwks) -> Jwks {
        let seconds = Arc::clone(&self.0);
        keys.clock(move || SystemTime::now() + Duration::from_secs(seconds.load(Ordering::Relaxed)))
    }
}

impl Site {
    /// Sockets that take these tokens alone.
    fn taking(jwt: &Jwt) -> Self {
        Self::new(|_| TokenAuth::new(Users).accept(jwt.clone()))
    }
}

/// What takes this issuer's tokens, and the clock it tells the age of keys by.
fn trusting(issuer: &Issuer) -> (Jwt, Later) {
    let clock = Later::default();
    (Jwt::jwks(clock.on(Jwks::url(&issuer.url()).unwrap())), clock)
}

async fn asked(jwt: &Jwt, token: &str) -> Result<Option<Identity>, AuthError> {
    jwt.authenticate(&Credential::new(token)).await
}

async fn assert_good(jwt: &Jwt, token: &str) {
    assert_eq!(asked(jwt, token).await.unwrap().expect("a JSON Web Token").user_id, "7");
}

async fn assert_bad(jwt: &Jwt, token: &str) {
    let outcome = asked(jwt, token).await;
    assert!(matches!(outcome, Err(AuthError::Invalid(_))), "{outcome:?}");
}

/// Why it cannot be said now whether the token is good.
async fn why_not_now(jwt: &Jwt, token: &str) -> String {
    match asked(jwt, token).await {
        Err(AuthError::Unavailable(cause)) => cause.to_string(),
        other => panic!("expected that it cannot be checked, got {other:?}"),
    }
}
