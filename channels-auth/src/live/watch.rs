//! What goes on beside a consumer for as long as its connection is open: its credential ends, or is replaced.

use std::{
    borrow::Cow,
    convert::Infallible,
    fmt::Display,
    future::pending,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use channels_core::{Aside, CloseCode, ConnectionHandle, Error, Frame, Layer, Next, Rejection, Scope};
use serde::Deserialize;
use serde_json::json;
use tokio::{
    select,
    time::{sleep, timeout},
};

use super::{
    Login, Options, Place,
    options::{Expiry, Refresh},
};
use crate::{
    AuthError, Authenticated, Revoker, Standing, TokenAuth, UserLoader, error::Causes, logout::Connected,
    metrics, stack::in_message, visit::Visit,
};

/// How long to sleep without a look at the clock: it may be set, and a machine may sleep.
const LONGEST_SLEEP: Duration = Duration::from_secs(300);

impl<L: UserLoader> TokenAuth<L> {
    /// Waits until revocations are heard of, but not for long: half of the time that a handshake has.
    pub(crate) async fn hear_of_revocations(&self, next: &Next<'_>) {
        let Options { live, aging, .. } = &self.open;
        live.hear_from(next.layer(), *aging, next.limits().handshake / 2).await;
    }

    /// Runs the connection of a known user to its end, and watches over its credential meanwhile.
    pub(crate) async fn run_watched(
        &self,
        known: Authenticated<L::User>,
        mut scope: Scope,
        next: Next<'_>,
    ) -> Result<(), Rejection> {
        let login = known.login();
        let place = self.open.live.place(next.handle(), &login)?;
        let revoker = Revoker::new(self, next.layer().clone());
        scope.insert(Connected::new(next.id(), revoker));
        scope.insert_shared(known.into_user());
        let watch = Watch {
            stack: self,
            place,
            handle: next.handle().clone(),
            layer: next.layer().clone(),
            limit: next.limits().handshake,
            refresh: (self.open.refresh == Refresh::InBand)
                .then(|| (next.take_aside(is_credential), Visit::of(&scope))),
        };
        select! {
            biased;
            outcome = next.run(scope) => outcome,
            never = watch.run(login) => match never {},
        }
    }
}

struct Watch<'a, L> {
    stack: &'a TokenAuth<L>,
    place: Place,
    handle: ConnectionHandle,
    layer: Layer,
    /// How long a credential may be looked at.
    limit: Duration,
    /// Where new credentials come, and from where.
    refresh: Option<(Aside, Visit)>,
}

impl<L: UserLoader> Watch<'_, L> {
    async fn run(self, mut login: Arc<Login>) -> Infallible {
        let Options { live, aging, .. } = &self.stack.open;
        loop {
            select! {
                // a client that sends one credential after the other does not put its end off by that
                biased;
                () = self.expiry(&login) => match self.ask_again(&login).await {
                    Ok(prolonged) => login = prolonged,
                    Err(rejection) => return self.close(&rejection).await,
                },
                Some((message, aside, visit)) = self.message() => {
                    match self.refresh(&message, &login, visit).await {
                        Ok(refreshed) => {
                            login = refreshed;
                            let expires = login.expires.map(seconds);
                            let answer = json!({ "type": "authenticated", "expires": expires });
                            self.tell(aside.send_json(&answer)).await;
                        }
                        Err(refusal) => {
                            let (code, words) = refusal.told();
                            let answer = Error::reply(code, words);
                            self.tell(aside.send_error(&answer)).await;
                            if let Some(rejection) = refusal.rejection() {
                                return self.close(&rejection).await;
                            }
                        }
                    }
                }
                () = live.listeners.lapsed() => live.listen(&self.layer, *aging),
            }
        }
    }

    /// Waits until the credential ends.
    async fn expiry(&self, login: &Login) {
        match (login.expires, self.stack.open.aging.expiry) {
            (Some(end), Expiry::Closes) => self.reached(end).await,
            (None, _) | (Some(_), Expiry::Ignored) => pending().await,
        }
    }

    async fn reached(&self, time: SystemTime) {
        while let Ok(left) = time.duration_since(self.place.live.now())
            && !left.is_zero()
        {
            sleep(left.min(LONGEST_SLEEP)).await;
        }
    }

    /// The credential has ended, unless that was put off where it is stored.
    async fn ask_again(&self, login: &Login) -> Result<Arc<Login>, Rejection> {
        // what is revoked from here on is not missed
        let heard = self.place.live.heard();
        match self.new_end(login).await {
            Ok(expires) => self.take(Arc::new(Login { expires, heard, ..login.clone() })),
            Err(error) => {
                if let AuthError::Expired = error {
                    metrics::expired();
                }
                // where it is not known whether it is good the client keeps it, and comes again
                tracing::info!(connection = %self.handle.id(), cause = %Causes(&error), "closed: its credential has ended");
                Err(error.into())
            }
        }
    }

    async fn new_end(&self, login: &Login) -> Result<Option<SystemTime>, AuthError> {
        let asked = timeout(self.limit, login.authenticator.recheck(&[&login.credential])).await;
        let standings = asked.unwrap_or_else(|late| Err(AuthError::unavailable(late)))?;
        let now = self.place.live.now();
        match standings.first() {
            Some(Standing::Good(end)) if end.is_none_or(|end| end > now) => Ok(*end),
            Some(Standing::Good(_) | Standing::Revoked | Standing::Unknown) | None => Err(AuthError::Expired),
        }
    }

    /// The next message with a credential.
    async fn message(&self) -> Option<(Frame, &Aside, &Visit)> {
        let (aside, visit) = self.refresh.as_ref()?;
        Some((aside.recv().await?, aside, visit))
    }

    /// The login that the connection goes on with.
    async fn refresh(&self, message: &Frame, old: &Login, visit: &Visit) -> Result<Arc<Login>, Refusal> {
        let outcome = self.refreshed(message, old, visit).await;
        metrics::refreshed(outcome.as_ref().err().map_or("ok", |refusal| refusal.told().0));
        outcome
    }

    async fn refreshed(&self, message: &Frame, old: &Login, visit: &Visit) -> Result<Arc<Login>, Refusal> {
        let credential = message.as_text().and_then(in_message).ok_or(Refusal::BadMessage)?;
        let id = self.handle.id();
        let known = self.stack.admit(credential, visit, self.limit).await.map_err(|error| {
            error.log_at(Some(id), &visit.shown);
            Refusal::Auth(error)
        })?;
        let login = known.login();
        if login.user_id != old.user_id {
            tracing::info!(connection = %id, "closed: it was to go on with a credential of another user");
            return Err(Refusal::AnotherUser);
        }
        self.take(login).map_err(Refusal::Meanwhile)
    }

    /// From here on the connection is this login's.
    fn take(&self, login: Arc<Login>) -> Result<Arc<Login>, Rejection> {
        self.place.live.put(&self.handle, &login)?;
        Ok(login)
    }

    /// A client that reads nothing does not put its end off by more than the limit.
    async fn tell<E: Display>(&self, answer: impl Future<Output = Result<(), E>>) {
        let error = match timeout(self.limit, answer).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(late) => late.to_string(),
        };
        tracing::debug!(connection = %self.handle.id(), error, "a new credential was not answered");
    }

    async fn close(&self, rejection: &Rejection) -> Infallible {
        self.handle.close(rejection.code(), rejection.reason());
        pending().await
    }
}

/// Why a connection does not go on with a new credential.
enum Refusal {
    /// The old one counts as before.
    BadMessage,
    /// So it does here.
    Auth(AuthError),
    AnotherUser,
    /// It was revoked while it was looked at, or may have been.
    Meanwhile(Rejection),
}

impl Refusal {
    /// What the client is told: a code for programs, and words for people.
    fn told(&self) -> (&'static str, Cow<'static, str>) {
        match self {
            Self::BadMessage => ("bad_message", "`token` has to be there, and a text".into()),
            Self::Auth(error) => (error.code(), error.told()),
            Self::AnotherUser => ("another_user", "the token is another user's".into()),
            Self::Meanwhile(rejection) => ("revoked", rejection.reason().to_owned().into()),
        }
    }

    /// How the connection ends, if it does.
    fn rejection(self) -> Option<Rejection> {
        match self {
            Self::BadMessage | Self::Auth(_) => None,
            Self::AnotherUser => Some(Rejection::new(CloseCode::FORBIDDEN, "another user")),
            Self::Meanwhile(rejection) => Some(rejection),
        }
    }
}

/// Whether a message is for the stack: JSON, `{"type": "authenticate", …}`.
fn is_credential(frame: &Frame) -> bool {
    #[derive(Deserialize)]
    struct Tagged<'a> {
        #[serde(borrow)]
        r#type: Cow<'a, str>,
    }
    // few messages have the word in them, and only those are read twice; serde takes a list for a struct, too
    let is_object = |text: &&str| text.trim_start().starts_with('{');
    let text = frame.as_text().filter(is_object).filter(|text| text.contains("\"authenticate\""));
    text.is_some_and(|text| {
        serde_json::from_str::<Tagged<'_>>(text).is_ok_and(|message| message.r#type == "authenticate")
    })
}

/// In whole seconds since 1970.
fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
