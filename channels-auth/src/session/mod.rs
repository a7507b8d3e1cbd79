//! Sessions of a Django site: its rows or its cookies, its rules.

mod auth_hash;
mod cookie;
mod engine;
mod error;
mod expiry;
mod extension;
mod key;
mod login;
mod rows;
mod store;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

use std::{fmt, sync::Arc, time::SystemTime};

use actix_web::HttpRequest;
use async_trait::async_trait;
use channels_core::Scope;
use serde_json::Value;

pub use self::{
    cookie::{SameSite, SessionCookie, SetCookie},
    error::SessionError,
    expiry::SessionExpiry,
    extension::SessionExt,
    rows::SessionCache,
    store::SessionStore,
};
use self::{
    engine::{Data, Engine, Found},
    error::Unread,
    key::SessionKey,
    rows::Rows,
};
use crate::{
    AuthError, Authenticator, Credential, Database, Identity, Standing, UserTable,
    clock::Clock,
    signing::SecretKeys,
    store::{Account, SessionTable},
};

/// Django's `SESSION_KEY`: the id of who is logged in.
const USER_ID: &str = "_auth_user_id";
/// Django's `BACKEND_SESSION_KEY`: which of `AUTHENTICATION_BACKENDS` logged them in.
const USER_BACKEND: &str = "_auth_user_backend";
/// Django's `HASH_SESSION_KEY`.
const USER_HASH: &str = "_auth_user_hash";

/// The backends that let in who is not active.
const ALLOW_ALL: [&str; 2] = [
    "django.contrib.auth.backends.AllowAllUsersModelBackend",
    "django.contrib.auth.backends.AllowAllUsersRemoteUserBackend",
];

/// Sessions of a Django site: its users come in with the cookie they have from it. Cheap to clone.
///
/// The cookie is looked for where no token is, and nowhere else. Its session has to be one that Django would
/// take for somebody's: signed by the site's key or by a fallback, not expired, of a backend that is
/// configured, of a user who is active and has not changed the password since.
///
/// ```no_run
/// # async fn setting_up(users: impl channels_auth::UserLoader) -> Result<(), Box<dyn std::error::Error>> {
/// use channels_auth::{Database, Session, TokenAuth, signing::SecretKeys};
///
/// let database = Database::connect("sqlite:///srv/site/db.sqlite3").await?; // Django's
/// let keys = SecretKeys::new("SECRET_KEY of settings.py").fallback("of SECRET_KEY_FALLBACKS");
/// let auth = TokenAuth::new(users).accept(Session::new(database, keys));
/// # Ok(()) }
/// ```
///
/// Consumers behind that stack read the session itself through [`SessionExt`], and HTTP handlers through
/// [`of`](Self::of). Either may log somebody in or out: see [`SessionStore`].
///
/// Where Django's `SESSION_ENGINE` is `db`, sessions are rows, and that is the default.
/// [`cached_db`](Self::cached_db) and [`signed_cookies`](Self::signed_cookies) are for the engines of these
/// names. `cache` and `file` are not supported. Django's `USE_TZ` has to be on.
#[derive(Clone)]
pub struct Session {
    settings: Arc<Settings>,
}

#[derive(Clone)]
struct Settings {
    database: Database,
    keys: SecretKeys,
    engine: Engine,
    class: String,
    users: UserTable,
    backends: Vec<String>,
    cookie: SessionCookie,
    clock: Clock,
}

impl Session {
    /// The sessions in this database, signed with Django's `SECRET_KEY`.
    ///
    /// # Panics
    ///
    /// If the key is empty.
    #[track_caller]
    pub fn new(database: impl Into<Database>, keys: impl Into<SecretKeys>) -> Self {
        let database = database.into();
        let settings = Settings {
            engine: Engine::Rows(Rows {
                table: SessionTable::new(database.clone(), "django_session"),
                cache: None,
            }),
            database,
            keys: keys.into(),
            class: "SessionStore".to_owned(),
            users: UserTable::default(),
            backends: vec!["django.contrib.auth.backends.ModelBackend".to_owned()],
            cookie: SessionCookie::default(),
            clock: Clock::default(),
        };
        Self { settings: Arc::new(settings) }
    }

    /// Sessions are in their cookies, as with the engine `signed_cookies`; the database has the users alone.
    ///
    /// Nobody can take such a session back: who copied the cookie before a logout stays logged in for
    /// [`SessionCookie::age`], here as in Django.
    #[must_use]
    pub fn signed_cookies(self) -> Self {
        self.with(|settings| settings.engine = Engine::SignedCookies)
    }

    /// Django reads sessions from this cache before it reads rows, as with the engine `cached_db`. Needed to
    /// change sessions and to log out; whoever only reads them does without.
    ///
    /// # Panics
    ///
    /// If sessions are in their cookies.
    #[must_use]
    #[track_caller]
    pub fn cached_db(self, cache: impl SessionCache) -> Self {
        self.with_rows(|rows| rows.cache = Some(Arc::new(cache)))
    }

    /// The table of sessions; by default `django_session`. For a session model of your own.
    ///
    /// # Panics
    ///
    /// If it is no name of ASCII letters, digits and `_`, with a schema's before it or not, or if sessions are
    /// in their cookies.
    #[must_use]
    #[track_caller]
    pub fn table(self, name: &str) -> Self {
        let table = SessionTable::new(self.settings.database.clone(), name);
        self.with_rows(|rows| rows.table = table)
    }

    /// The name of the class in `SESSION_ENGINE`; by default `SessionStore`. Rows are signed with it.
    #[must_use]
    pub fn class(self, name: impl Into<String>) -> Self {
        self.with(|settings| settings.class = name.into())
    }

    /// The table of users; by default Django's `auth_user`. With [`UserTable::elsewhere`] nobody is let in: a
    /// session is good as long as the password in that table is the same.
    #[must_use]
    pub fn users(self, users: UserTable) -> Self {
        self.with(|settings| settings.users = users)
    }

    /// `AUTHENTICATION_BACKENDS`; by default `django.contrib.auth.backends.ModelBackend` alone. Logging in is
    /// by the first.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    #[track_caller]
    pub fn authentication_backends<B: Into<String>>(self, backends: impl IntoIterator<Item = B>) -> Self {
        let backends: Vec<_> = backends.into_iter().map(Into::into).collect();
        assert!(!backends.is_empty(), "nobody can be logged in without an authentication backend");
        self.with(|settings| settings.backends = backends)
    }

    /// The cookie: Django's settings whose names begin with `SESSION_COOKIE_`.
    ///
    /// # Panics
    ///
    /// If its name, path or domain is nothing that a header can have.
    #[must_use]
    #[track_caller]
    pub fn cookie(self, cookie: SessionCookie) -> Self {
        cookie.check();
        self.with(|settings| settings.cookie = cookie)
    }

    /// The clock to go by, instead of the system's: for tests.
    #[must_use]
    pub fn clock(self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.clock = Clock::new(now))
    }

    #[track_caller]
    fn with_rows(self, change: impl FnOnce(&mut Rows)) -> Self {
        assert!(
            matches!(self.settings.engine, Engine::Rows(_)),
            "signed cookies have neither table nor cache"
        );
        self.with(|settings| {
            if let Engine::Rows(rows) = &mut settings.engine {
                change(rows);
            }
        })
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }

    /// The session of whoever sent this request: for HTTP handlers. It is empty if there is none.
    ///
    /// ```
    /// # use channels_auth::{Session, SessionError};
    /// use actix_web::{HttpRequest, HttpResponse, web};
    ///
    /// async fn log_out(
    ///     sessions: web::Data<Session>,
    ///     request: HttpRequest,
    /// ) -> Result<HttpResponse, SessionError> {
    ///     let cookie = sessions.of(&request).await?.logout().await?;
    ///     Ok(HttpResponse::NoContent().insert_header(cookie).finish())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`] if the database is of no use.
    pub async fn of(&self, request: &HttpRequest) -> Result<SessionStore, SessionError> {
        let cookie = channels_core::cookie(request.headers(), &self.settings.cookie.name);
        SessionStore::open(Arc::clone(&self.settings), Arc::new(cookie.into())).await
    }
}

impl Settings {
    /// Who is logged in, by the rules of Django's own `get_user`.
    async fn identity(&self, found: Found) -> Result<Identity, AuthError> {
        let id = self.claimed(&found.data)?;
        let account = self.users.find(&self.database, id).await?;
        let account = self.vouched(&found.data, account.as_ref())?;
        let mut claims = found.data;
        claims.remove(USER_HASH);
        Ok(Identity { expires: Some(found.expires), claims, ..Identity::new(&account.id) })
    }

    /// The id of who says to be logged in.
    fn claimed(&self, data: &Data) -> Result<String, AuthError> {
        let (Some(id), Some(backend)) = (user_id(data), backend(data)) else {
            // it is a session, but nobody is logged in
            return Err(AuthError::Missing);
        };
        if !self.backends.iter().any(|known| known == backend) {
            return Err(AuthError::Invalid("its backend is none of AUTHENTICATION_BACKENDS"));
        }
        Ok(id)
    }

    /// The user, if it is really theirs.
    fn vouched<'a>(&self, data: &Data, account: Option<&'a Account>) -> Result<&'a Account, AuthError> {
        let account = account.ok_or(AuthError::Invalid("there is no such user"))?;
        if !account.is_active && !backend(data).is_some_and(|backend| ALLOW_ALL.contains(&backend)) {
            return Err(AuthError::Inactive);
        }
        let hash = data.get(USER_HASH).and_then(Value::as_str);
        if !hash.is_some_and(|hash| auth_hash::vouches(&self.keys, &account.password, hash)) {
            return Err(AuthError::Invalid("the password was changed since"));
        }
        Ok(account)
    }

    /// What is to be said of sessions that were somebody's: two queries, however many there are.
    async fn standings(&self, cookies: &[&str]) -> Result<Vec<Standing>, AuthError> {
        let sessions = self.read_all(cookies).await?;
        let claimed = |found: &Result<Found, Unread>| {
            let id = found.as_ref().ok().and_then(|found| self.claimed(&found.data).ok())?;
            self.users.spelled(id)
        };
        let ids: Vec<_> = sessions.iter().map(claimed).collect();
        let accounts = self.users.find_all(&self.database, ids.iter().flatten()).await?;
        let standing = |(session, id): (&Result<Found, Unread>, &Option<String>)| match (session, id) {
            (Ok(found), Some(id)) => match self.vouched(&found.data, accounts.get(id)) {
                Ok(_) => Standing::Good(Some(found.expires)),
                Err(_) => Standing::Revoked,
            },
            (Err(Unread::Expired), _) => Standing::Good(Some(self.clock.now())),
            (Ok(_) | Err(_), _) => Standing::Revoked,
        };
        Ok(sessions.iter().zip(&ids).map(standing).collect())
    }
}

fn backend(data: &Data) -> Option<&str> {
    data.get(USER_BACKEND).and_then(Value::as_str)
}

/// The id of who is logged in. Django writes a text, and takes a number.
fn user_id(data: &Data) -> Option<String> {
    match data.get(USER_ID)? {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[async_trait]
impl Authenticator for Session {
    async fn authenticate(&self, credential: &Credential) -> Result<Option<Identity>, AuthError> {
        let found = self.settings.read(credential.expose()).await?;
        self.settings.identity(found).await.map(Some)
    }

    async fn recheck(&self, credentials: &[&Credential]) -> Result<Vec<Standing>, AuthError> {
        let cookies: Vec<_> = credentials.iter().map(|cookie| cookie.expose()).collect();
        self.settings.standings(&cookies).await
    }

    async fn delete(&self, credential: &Credential) -> Result<bool, AuthError> {
        let (Engine::Rows(rows), Some(key)) = (&self.settings.engine, SessionKey::parse(credential.expose()))
        else {
            return Ok(false);
        };
        rows.delete(&key).await.map_err(AuthError::unavailable)
    }

    fn cookie(&self) -> Option<&str> {
        Some(&self.settings.cookie.name)
    }

    fn prepare(&self, scope: &mut Scope) {
        extension::add(self, scope);
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("keys", &self.settings.keys)
            .field("engine", &self.settings.engine)
            .field("users", &self.settings.users)
            .field("backends", &self.settings.backends)
            .field("cookie", &self.settings.cookie)
            .finish_non_exhaustive()
    }
}
