//! One session: Django's `request.session`.

use std::{fmt, sync::Arc, time::Duration};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    SessionError, SessionExpiry, SetCookie, Settings,
    engine::{Data, Engine},
    error::Unread,
    extension::Cookie,
    key::SessionKey,
    user_id,
};

/// What browsers take as a cookie, name and attributes included (RFC 6265 section 6.1).
const LARGEST_COOKIE: usize = 4096;

/// One session, as it was when it was read: Django's `request.session`.
///
/// What is changed here is nowhere else until it is [saved](Self::save), and whoever saves last wins, as in
/// Django. Names that begin with an underscore are Django's own.
///
/// # Logging in and out
///
/// A browser has to be given its session in a cookie. It takes one with an HTTP response, the 101 of a
/// handshake included; once a socket is accepted, there is no way any more:
///
/// | | [`login`](Self::login) | [`logout`](Self::logout) |
/// | --- | --- | --- |
/// | an HTTP handler | gives the browser the cookie with its response | the same |
/// | a consumer before `accept` | gives it with `accept_with` | the same |
/// | a consumer later | is of no use: the browser would not learn of it | works for rows; the cookie that stays leads nowhere |
///
/// ```
/// # use channels_auth::{Session, SessionError};
/// # use channels_core::*;
/// use actix_web::{HttpRequest, HttpResponse, web};
/// use channels_auth::SessionExt;
///
/// // an HTTP handler, which has made sure that it is user 7
/// async fn log_in(
///     sessions: web::Data<Session>,
///     request: HttpRequest,
/// ) -> Result<HttpResponse, SessionError> {
///     let cookie = sessions.of(&request).await?.login(7).await?;
///     Ok(HttpResponse::NoContent().insert_header(cookie).finish())
/// }
///
/// # struct Desk;
/// # impl WebsocketConsumer for Desk {
/// // a consumer, whose socket came with a one-time ticket
/// async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
///     let cookie = socket.session().await?.login(7).await?;
///     socket.accept_with(cookie.into()).await
/// }
/// #     async fn receive(&mut self, _: Frame, _: &mut Socket) -> Result<()> { Ok(()) }
/// # }
/// ```
pub struct SessionStore {
    pub(super) settings: Arc<Settings>,
    pub(super) cookie: Arc<Cookie>,
    /// Of the row, if there is one.
    pub(super) key: Option<SessionKey>,
    pub(super) data: Data,
}

impl SessionStore {
    pub(super) async fn open(settings: Arc<Settings>, cookie: Arc<Cookie>) -> Result<Self, SessionError> {
        let shown = cookie.read();
        let read = match &shown {
            Some(shown) => settings.read(shown).await,
            None => Err(Unread::NoKey),
        };
        let (key, data) = match read {
            Ok(found) => (found.key, found.data),
            // Django goes on with an empty session under this key: there is a row
            Err(Unread::Forged | Unread::Unreadable) => {
                (shown.as_deref().and_then(SessionKey::parse), Data::new())
            }
            // and forgets a key without a row: it may be another's choice
            Err(Unread::NoKey | Unread::NoRow | Unread::Expired) => (None, Data::new()),
            Err(Unread::Store(error)) => return Err(error.into()),
        };
        Ok(Self { settings, cookie, key, data })
    }

    /// The value of this name. `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`SessionError::OtherType`] if it is not of this type.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, SessionError> {
        match self.data.get(name).map(T::deserialize).transpose() {
            Ok(value) => Ok(value),
            // serde's error would show the value
            Err(_) => Err(SessionError::OtherType(name.to_owned())),
        }
    }

    /// Sets a value.
    ///
    /// # Errors
    ///
    /// [`SessionError::Serialize`] if it is nothing that JSON has.
    pub fn insert(&mut self, name: &str, value: impl Serialize) -> Result<(), SessionError> {
        let json =
            serde_json::to_value(value).map_err(|error| SessionError::Serialize(name.to_owned(), error))?;
        self.data.insert(name.to_owned(), json);
        Ok(())
    }

    /// Takes a value out; `false` if there was none.
    pub fn remove(&mut self, name: &str) -> bool {
        self.data.remove(name).is_some()
    }

    /// Everything in it, as JSON.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.data.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// The id of who logged in. It is what the session says: whether Django would still take it for theirs is
    /// for the stack to decide.
    pub fn user_id(&self) -> Option<String> {
        user_id(&self.data)
    }

    /// When it ends (`get_expiry_age` and its kin).
    pub fn expiry(&self) -> SessionExpiry {
        SessionExpiry::of(&self.data)
    }

    /// Has it end at another time (`set_expiry`).
    pub fn set_expiry(&mut self, expiry: SessionExpiry) {
        expiry.write(&mut self.data);
    }

    /// Writes the row. A session that is new gets a key, which the browser has to be given with
    /// [`set_cookie`](Self::set_cookie).
    ///
    /// # Errors
    ///
    /// [`SessionError::Gone`] if the row was deleted since it was read, [`SessionError::InCookie`] if there
    /// are no rows, [`SessionError::TooBig`], or [`SessionError::Store`] or [`SessionError::Cache`] if those are of no use.
    pub async fn save(&mut self) -> Result<(), SessionError> {
        let Engine::Rows(rows) = &self.settings.engine else { return Err(SessionError::InCookie) };
        match &self.key {
            Some(key) => rows.update(key, &self.settings.row(&self.data)?).await,
            None => self.create().await,
        }
    }

    /// Writes a new row, under a new key.
    pub(super) async fn create(&mut self) -> Result<(), SessionError> {
        let Engine::Rows(rows) = &self.settings.engine else { return Err(SessionError::InCookie) };
        let key = rows.create(&self.settings.row(&self.data)?).await?;
        self.cookie.replace(Some(key.as_str().to_owned()));
        self.key = Some(key);
        Ok(())
    }

    /// What gives the browser this session; if it is empty, what takes the cookie away.
    ///
    /// # Errors
    ///
    /// [`SessionError::NotSaved`] if it is new, [`SessionError::TooBig`] if it is more than a cookie holds.
    pub fn set_cookie(&self) -> Result<SetCookie, SessionError> {
        let settings = &self.settings;
        let value = match (&settings.engine, &self.key) {
            (Engine::SignedCookies, _) if !self.data.is_empty() => settings.encode(&self.data)?,
            (Engine::Rows(_), Some(key)) => key.as_str().to_owned(),
            (Engine::Rows(_), None) if !self.data.is_empty() => return Err(SessionError::NotSaved),
            (Engine::Rows(_) | Engine::SignedCookies, _) => return Ok(settings.cookie.deleted()),
        };
        let cookie = settings.cookie.set(&value, self.max_age(), settings.clock.now());
        if cookie.len() > LARGEST_COOKIE {
            return Err(SessionError::TooBig);
        }
        if let Engine::SignedCookies = settings.engine {
            self.cookie.replace(Some(value));
        }
        Ok(cookie)
    }

    /// How long a browser keeps the cookie; `None`: until it is closed.
    fn max_age(&self) -> Option<Duration> {
        let cookie = &self.settings.cookie;
        match self.expiry() {
            SessionExpiry::BrowserClose => None,
            SessionExpiry::Default if cookie.expire_at_browser_close => None,
            SessionExpiry::Default => Some(cookie.age),
            SessionExpiry::After(time) => Some(time),
            SessionExpiry::At(time) => {
                Some(time.duration_since(self.settings.clock.now()).unwrap_or_default())
            }
        }
    }
}

impl fmt::Debug for SessionStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionStore")
            .field("key", &self.key)
            .field("names", &self.data.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
