//! What a stack does about connections that are open.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use channels_core::Layer;

use super::Live;
use crate::{Revoker, TokenAuth, UserLoader, clock::Clock};

/// What a stack does about connections that are open, and which those are.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(super) aging: Aging,
    pub(super) refresh: Refresh,
    /// Shared by the clones of a stack.
    pub(crate) live: Arc<Live>,
}

/// What becomes of connections as time goes by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Aging {
    pub(super) expiry: Expiry,
    /// How often their credentials are asked for again.
    pub(super) recheck: Option<Duration>,
}

/// What happens to a connection when its credential has expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expiry {
    Closes,
    Ignored,
}

/// Whether a connection can go on with another credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refresh {
    Never,
    InBand,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            aging: Aging { expiry: Expiry::Closes, recheck: None },
            refresh: Refresh::Never,
            live: Arc::new(Live::new(Clock::default())),
        }
    }
}

/// # While a connection is open
impl<L: UserLoader> TokenAuth<L> {
    /// Lets a client go on with another credential, before the one it came with expires: it sends
    /// `{"type": "authenticate", "token": "…"}` at any time, and is answered
    /// `{"type": "authenticated", "expires": 1790642813}`, in seconds since 1970, or `null` where it does not end.
    ///
    /// One that is not good is answered with an error frame, whose `code` is that of
    /// [`AuthError::code`](crate::AuthError::code), and the connection goes on with the old one. One of another user
    /// closes it with 4003. The user in the scope stays as it was loaded.
    ///
    /// Not by default: a consumer never sees a message whose `type` is `authenticate`, be it one of its own.
    #[must_use]
    pub fn refresh_in_band(mut self) -> Self {
        self.open.refresh = Refresh::InBand;
        self
    }

    /// Leaves a connection open when its credential has expired. By default it is closed with 4001 then, unless the
    /// store of the credential says that its end was put off.
    #[must_use]
    pub fn ignore_expiry(mut self) -> Self {
        self.open.aging.expiry = Expiry::Ignored;
        self
    }

    /// Asks again, about this often, for the credentials of open connections: one whose token of Knox or of Django REST
    /// framework, or whose session, is gone from the database, or whose user may not log in any more, is closed with
    /// 4500. That notices what was revoked without a [`Revoker`]. By default it is done after an outage of the
    /// channel layer alone.
    ///
    /// It takes a query for each 500 credentials, one at a time. Where the database is of no use, connections stay
    /// open.
    ///
    /// # Panics
    ///
    /// If the interval is zero.
    #[must_use]
    #[track_caller]
    pub fn recheck(mut self, interval: Duration) -> Self {
        assert!(!interval.is_zero(), "credentials cannot be asked for again all the time");
        self.open.aging.recheck = Some(interval);
        self
    }

    /// The clock to go by, instead of the system's, to tell whether a connection's credential has expired: for tests.
    #[must_use]
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.open.live = Arc::new(Live::new(Clock::new(now)));
        self
    }

    /// What ends credentials, and closes the sockets that they have open, on this layer: for handlers of requests, and
    /// jobs. From here on this process hears of what others revoke.
    ///
    /// ```
    /// # fn configure(auth: channels_auth::TokenAuth<channels_auth::Stateless>) {
    /// use actix_web::{App, web};
    /// use channels_core::{Channels, Layer, MemoryLayer};
    ///
    /// let layer = Layer::new(MemoryLayer::default());
    /// let revoker = web::Data::new(auth.revoker(&layer));
    /// let rest = auth.rest();
    /// let channels = Channels::on(layer).wrap(auth);
    /// let app = App::new().app_data(rest).app_data(revoker).configure(channels.routes());
    /// # }
    /// ```
    ///
    /// Call it where the server is built, inside of its runtime, on the stack as it is to be: what that accepts is what
    /// is revoked. On a thread without a runtime, nothing is heard before the first connection.
    pub fn revoker(&self, layer: &Layer) -> Revoker {
        self.open.live.listen(layer, self.open.aging);
        Revoker::new(self, layer.clone())
    }
}
