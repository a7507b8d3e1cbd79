//! The keys of a set while they are in use: loaded, kept up to date, and given up when they are too old.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use serde_json::{Map, Value};
use tokio::{
    runtime::Handle,
    sync::{Notify, watch},
    time::{Instant, sleep_until},
};
use tokio_util::task::AbortOnDropHandle;

use super::{
    super::token::Token,
    Jwks, JwksError, Origin,
    file::{self, Seen},
    set::KeySet,
};
use crate::{AuthError, metrics};

/// How long an issuer is left alone after it was asked: whoever makes up names of keys asks it no oftener.
const PAUSE: Duration = Duration::from_secs(30);

/// The same while there are no keys, and nobody can be let in.
const PAUSE_WITHOUT_KEYS: Duration = Duration::from_secs(5);

/// How long a file is left alone.
const PAUSE_OF_A_FILE: Duration = Duration::from_secs(2);

/// Its clones have the same keys, and with the last one they are no longer kept up to date.
#[derive(Clone)]
pub(crate) struct Keyring(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    /// What keeps them up to date. It ends with the runtime it is on, and the next token starts it again: two that
    /// come at a time must not. Held for a look.
    task: Mutex<Option<AbortOnDropHandle<()>>>,
}

struct Shared {
    jwks: Jwks,
    state: watch::Sender<State>,
    /// Somebody needs the keys as they are now.
    wanted: Notify,
}

#[derive(Clone, Default)]
struct State {
    held: Option<Held>,
    /// How many times they were asked for, and when the last time was.
    attempts: u64,
    attempted: Option<SystemTime>,
    /// When they are to be asked for again, whoever comes.
    due: Option<SystemTime>,
    /// Why the last attempt brought nothing of use.
    failure: Option<Arc<JwksError>>,
}

/// The last set there was.
#[derive(Clone)]
struct Held {
    keys: Arc<KeySet>,
    /// When it was last heard that these are the keys.
    as_of: SystemTime,
}

/// What an attempt brought, and how long it is good.
enum Loaded {
    New(KeySet, Duration),
    Unchanged(Duration),
}

impl Keyring {
    pub(in super::super) fn start(jwks: Jwks) -> Self {
        let state = watch::Sender::new(State::default());
        let shared = Arc::new(Shared { jwks, state, wanted: Notify::new() });
        let keyring = Self(Arc::new(Inner { shared, task: Mutex::new(None) }));
        keyring.run();
        keyring
    }

    /// Sees to it that the keys are kept up to date, if there is a runtime.
    fn run(&self) {
        let mut task = self.0.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            let shared = Arc::clone(&self.0.shared);
            *task =
                Some(AbortOnDropHandle::new(runtime.spawn(async move { shared.keep_up_to_date().await })));
        }
    }

    /// What a token claims, if a key of the set signed it.
    pub(in super::super) async fn claims_of(
        &self,
        token: &Token<'_>,
    ) -> Result<Map<String, Value>, AuthError> {
        self.run();
        let shared = &self.0.shared;
        if let Some(verdict) = shared.verdict(token) {
            return verdict;
        }
        shared.refreshed().await;
        shared.verdict(token).unwrap_or_else(|| Err(shared.why_unknown()))
    }
}

impl Shared {
    fn now(&self) -> SystemTime {
        self.jwks.clock.now()
    }

    /// The keys, unless they are too old.
    fn keys(&self, state: &State) -> Option<Arc<KeySet>> {
        let held = state.held.as_ref()?;
        // a clock that was set back makes no key old
        let age = self.now().duration_since(held.as_of).unwrap_or_default();
        (age < self.jwks.keep_for).then(|| Arc::clone(&held.keys))
    }

    /// Whether the issuer was left alone for long enough.
    fn may_ask(&self, state: &State) -> bool {
        let pause = match self.jwks.origin {
            Origin::File(_) => PAUSE_OF_A_FILE,
            Origin::Url(_) if self.keys(state).is_none() => PAUSE_WITHOUT_KEYS,
            Origin::Url(_) => PAUSE,
        };
        // nor does it keep us from asking
        let passed = |since| self.now().duration_since(since).map_or(true, |passed| passed >= pause);
        state.attempted.is_none_or(passed)
    }

    /// `None` if it is not known whether the token is good.
    fn verdict(&self, token: &Token<'_>) -> Option<Result<Map<String, Value>, AuthError>> {
        let keys = {
            let state = self.state.borrow();
            // the timer does that, too, but stands still while the machine sleeps
            if state.due.is_some_and(|due| due <= self.now()) && self.may_ask(&state) {
                self.wanted.notify_one();
            }
            self.keys(&state)
        };
        keys?.verdict(token)
    }

    /// Waits until the keys are those of now, or cannot be had, or were asked for a moment ago.
    async fn refreshed(&self) {
        let mut state = self.state.subscribe();
        let before = {
            let state = state.borrow_and_update();
            if !self.may_ask(&state) {
                return;
            }
            state.attempts
        };
        self.wanted.notify_one();
        // the sender is our own: it is there as long as we are
        drop(state.wait_for(|state| state.attempts > before).await);
    }

    /// Why a token is refused whose key is not known.
    fn why_unknown(&self) -> AuthError {
        let state = self.state.borrow();
        match (&state.failure, self.keys(&state)) {
            (None, Some(_)) => {
                AuthError::Invalid("its `kid` names no key of its issuer's, or none of them signed it")
            }
            (None, None) => AuthError::unavailable("the issuer's keys have not been loaded yet"),
            (Some(failure), _) => AuthError::unavailable(Arc::clone(failure)),
        }
    }

    /// Asks for the keys, and again when it is time or somebody needs them. Never ends.
    async fn keep_up_to_date(&self) {
        let mut seen = None;
        loop {
            let next = Instant::now() + self.ask(&mut seen).await;
            loop {
                tokio::select! {
                    () = sleep_until(next) => break,
                    () = self.wanted.notified() => {
                        // there may have been an attempt since they asked
                        if self.may_ask(&self.state.borrow()) {
                            break;
                        }
                    }
                }
            }
        }
    }

    /// Asks for the keys once. Returns when to ask again.
    async fn ask(&self, seen: &mut Option<Seen>) -> Duration {
        let loaded = self.load(seen).await;
        let now = self.now();
        // nobody else changes it
        let mut state = self.state.borrow().clone();
        let before = state.failure.take();
        let outcome = loaded.and_then(|loaded| self.hold(&mut state, loaded, now));
        self.log(before.as_deref(), outcome.as_ref().err());
        metrics::keys_asked_for(if outcome.is_ok() { "loaded" } else { "failed" });
        let pause = match outcome {
            Ok(good_for) => good_for,
            Err(_) if state.held.is_none() => PAUSE_WITHOUT_KEYS,
            Err(_) => PAUSE,
        };
        state.failure = outcome.err().map(Arc::new);
        state.attempts += 1;
        state.attempted = Some(now);
        state.due = now.checked_add(pause);
        self.state.send_replace(state);
        pause
    }

    /// Keeps the keys that came, or those there are if they have not changed. An error if none is of use: the old ones,
    /// which the issuer has no longer, are not either.
    fn hold(&self, state: &mut State, loaded: Loaded, now: SystemTime) -> Result<Duration, JwksError> {
        let before = state.held.take().map(|held| held.keys);
        let (keys, good_for) = match loaded {
            Loaded::New(keys, good_for) => {
                if before.is_none_or(|before| before.fingerprint != keys.fingerprint) {
                    self.log_keys(&keys);
                }
                (Some(Arc::new(keys)), good_for)
            }
            Loaded::Unchanged(good_for) => (before, good_for),
        };
        let is_of_use = keys.as_ref().is_some_and(|keys| keys.len() > 0);
        state.held = keys.map(|keys| Held { keys, as_of: now });
        if is_of_use { Ok(good_for) } else { Err(JwksError::NoKey) }
    }

    async fn load(&self, seen: &mut Option<Seen>) -> Result<Loaded, JwksError> {
        match &self.jwks.origin {
            Origin::Url(url) => url.load().await.map(|(keys, good_for)| Loaded::New(keys, good_for)),
            Origin::File(file) => {
                let (file, before) = (Arc::clone(file), *seen);
                let read = tokio::task::spawn_blocking(move || file.read(before)).await;
                let read = read.map_err(|error| JwksError::File(error.into()))??;
                let Some((keys, now)) = read else { return Ok(Loaded::Unchanged(file::EVERY)) };
                *seen = Some(now);
                Ok(Loaded::New(keys, file::EVERY))
            }
        }
    }

    /// Says that the issuer is away, or is back: once each.
    fn log(&self, before: Option<&JwksError>, now: Option<&JwksError>) {
        let from = &self.jwks.origin;
        match (before, now) {
            (None, Some(error)) => {
                let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
                tracing::warn!(%from, cause, "{error}; what keys there are go on");
            }
            (Some(_), Some(error)) => tracing::debug!(%from, "{error}, still"),
            (Some(_), None) => tracing::info!(%from, "the issuer's keys are there again"),
            (None, None) => {}
        }
    }

    fn log_keys(&self, keys: &KeySet) {
        let from = &self.jwks.origin;
        tracing::info!(%from, "the issuer has other keys: {} of use", keys.len());
        for skipped in keys.skipped() {
            tracing::info!(%from, place = skipped.place, kid = ?skipped.kid, "a key is left out: {}", skipped.why);
        }
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.shared.state.borrow();
        let keys = state.held.as_ref().map(|held| &held.keys);
        f.debug_struct("Keyring")
            .field("jwks", &self.0.shared.jwks)
            .field("keys", &keys)
            .finish_non_exhaustive()
    }
}
