//! How often an address may bring bad credentials.

mod ledger;

use std::{fmt, net::IpAddr, num::NonZeroU32, sync::Arc, time::Duration};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, MonotonicClock},
    middleware::NoOpMiddleware,
};

use self::ledger::{Entry, Ledger};
use crate::AuthError;

/// How often an address may bring bad credentials before it has to wait: for
/// [`TokenAuth::limit_failures`](crate::TokenAuth::limit_failures).
///
/// By default 20 at once, and one more every 3 seconds. Then whoever comes from there with a credential, a good
/// one or not, is closed with 4029, or answered 429, and told when to come back; nothing is looked up for them.
/// What counts is a credential that is not valid. One that has expired was valid, and counts as little as none
/// at all: a page that was left open overnight locks nobody out.
///
/// 10,000 addresses are remembered. Beyond that, those are forgotten that have the longest to go before they
/// are locked out. An IPv6 address counts by its network, the first 64 bits, as a client has all of that.
///
/// ```
/// use channels_auth::{FailureLimit, Jwt, TokenAuth};
///
/// let auth = TokenAuth::stateless().accept(Jwt::hs256("secret")).limit_failures(FailureLimit::default());
/// ```
///
/// Behind a proxy, name it: to [`Channels::trusted_proxies`](channels_core::Channels::trusted_proxies) for
/// sockets, to [`RestAuth::trusted_proxies`](crate::RestAuth::trusted_proxies) for requests. Else all clients
/// have its address, and one of them locks out all. So there is no limit unless you set one.
#[derive(Clone)]
pub struct FailureLimit {
    at_once: NonZeroU32,
    recovery: Duration,
    addresses: usize,
}

/// The limit at work: what clones of a stack share.
#[derive(Clone)]
pub(crate) struct Failures<C: Clock = MonotonicClock> {
    limiter: Arc<RateLimiter<Entry, Ledger, C, NoOpMiddleware<C::Instant>>>,
}

impl FailureLimit {
    /// `at_once` failures in quick succession, and one more after each `recovery`.
    ///
    /// # Panics
    ///
    /// If either is zero: nobody would be let in.
    #[track_caller]
    pub fn new(at_once: u32, recovery: Duration) -> Self {
        let Some(at_once) = NonZeroU32::new(at_once).filter(|_| !recovery.is_zero()) else {
            panic!("a limit of no failures, or of any number of them, is none");
        };
        Self { at_once, recovery, addresses: 10_000 }
    }

    /// How many addresses are remembered, some 50 bytes each; by default 10,000.
    #[must_use]
    pub fn addresses(mut self, addresses: usize) -> Self {
        self.addresses = addresses;
        self
    }

    pub(crate) fn start(&self) -> Failures {
        self.start_by(MonotonicClock)
    }

    fn start_by<C: Clock>(&self, clock: C) -> Failures<C> {
        // a period is zero for a limit that `new` does not make
        let quota = Quota::with_period(self.recovery).unwrap_or(Quota::per_second(self.at_once));
        let limiter = RateLimiter::new(quota.allow_burst(self.at_once), Ledger::new(self.addresses), clock);
        Failures { limiter: Arc::new(limiter) }
    }
}

impl Default for FailureLimit {
    fn default() -> Self {
        Self::new(20, Duration::from_secs(3))
    }
}

impl<C: Clock> Failures<C> {
    /// Whether credentials from there are looked at.
    pub(crate) fn check(&self, network: Option<IpAddr>) -> Result<(), AuthError> {
        let Some(address) = network else { return Ok(()) };
        self.limiter.check_key(&Entry::Look(address)).map_err(|locked| AuthError::TooManyFailures {
            retry_after: locked.wait_time_from(self.limiter.clock().now()),
        })
    }

    /// Notes what became of a credential from there.
    pub(crate) fn note(&self, error: &AuthError, network: Option<IpAddr>) {
        if let (AuthError::Invalid(_), Some(address)) = (error, network) {
            // of two at a time that both were the last one allowed, the second changes nothing any more
            self.limiter.check_key(&Entry::Failure(address)).unwrap_or_default();
        }
    }
}

impl fmt::Debug for FailureLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FailureLimit")
            .field("at_once", &self.at_once)
            .field("recovery", &self.recovery)
            .field("addresses", &self.addresses)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use channels_core::{Scope, TrustedProxies};
    use governor::clock::FakeRelativeClock;

    use super::*;

    const RECOVERY: Duration = Duration::from_secs(3);

    fn from(address: &str) -> Option<IpAddr> {
        let peer = format!("{address}:1234").parse().unwrap();
        let request = TestRequest::default().peer_addr(peer).to_http_request();
        Scope::of_request(&request, &TrustedProxies::default()).client_network()
    }

    fn bad() -> AuthError {
        AuthError::Invalid("no such token")
    }

    fn retry_after(outcome: Result<(), AuthError>) -> Option<Duration> {
        match outcome {
            Ok(()) => None,
            Err(AuthError::TooManyFailures { retry_after }) => Some(retry_after),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn an_address_with_too_many_failures_waits_and_another_does_not() {
        let clock = FakeRelativeClock::default();
        let failures = FailureLimit::new(3, RECOVERY).start_by(clock.clone());

        for _ in 0..3 {
            assert_eq!(retry_after(failures.check(from("192.0.2.1"))), None);
            failures.note(&bad(), from("192.0.2.1"));
        }

        assert_eq!(retry_after(failures.check(from("192.0.2.1"))), Some(RECOVERY));
        assert_eq!(retry_after(failures.check(from("192.0.2.2"))), None);
        clock.advance(RECOVERY);
        assert_eq!(retry_after(failures.check(from("192.0.2.1"))), None);
        failures.note(&bad(), from("192.0.2.1"));
        assert_eq!(retry_after(failures.check(from("192.0.2.1"))), Some(RECOVERY));
    }

    #[test]
    fn to_look_whether_an_address_is_locked_out_costs_it_nothing() {
        let failures = FailureLimit::new(1, RECOVERY).start_by(FakeRelativeClock::default());

        for _ in 0..100 {
            assert_eq!(retry_after(failures.check(from("192.0.2.1"))), None);
        }
    }

    #[test]
    fn what_was_valid_once_and_what_could_not_be_checked_is_no_failure() {
        let failures = FailureLimit::new(1, RECOVERY).start_by(FakeRelativeClock::default());

        for error in [
            AuthError::Missing,
            AuthError::Expired,
            AuthError::Inactive,
            AuthError::unavailable("down"),
            AuthError::TooManyFailures { retry_after: RECOVERY },
        ] {
            failures.note(&error, from("192.0.2.1"));
            assert_eq!(retry_after(failures.check(from("192.0.2.1"))), None, "{error}");
        }
    }

    #[test]
    #[should_panic(expected = "a limit of no failures")]
    fn a_limit_of_nothing_stops_the_server_from_starting() {
        FailureLimit::new(0, RECOVERY);
    }
}
