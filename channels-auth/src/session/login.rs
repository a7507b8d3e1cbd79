//! Logging in and out, as `django.contrib.auth` does.

use std::fmt::Display;

use super::{
    ALLOW_ALL, SessionError, SessionStore, SetCookie, USER_BACKEND, USER_HASH, USER_ID, auth_hash,
    engine::Engine,
};

impl SessionStore {
    /// Logs a user in, once you know who it is: Django then takes the session for theirs.
    ///
    /// What a visitor left in the session stays in it, but under a new key, so that nobody who knew the old
    /// one is logged in with them; what another user left is gone. With rows, all of that is saved. The cookie
    /// returned has to reach the browser: see [above](Self#logging-in-and-out).
    ///
    /// The scope's user stays who it was when the socket connected, and Django's `last_login` what it was.
    /// A page that Django made before has a CSRF token that is still good: Django would rotate it.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoSuchUser`] or [`SessionError::Inactive`] if nobody can be logged in by this id, or
    /// what [`save`](Self::save) and [`set_cookie`](Self::set_cookie) return.
    pub async fn login(&mut self, user_id: impl Display) -> Result<SetCookie, SessionError> {
        let settings = &self.settings;
        let account = settings.users.find(&settings.database, user_id).await?;
        let account = account.ok_or(SessionError::NoSuchUser)?;
        let backend = settings.backends.first().cloned().unwrap_or_default();
        if !account.is_active && !ALLOW_ALL.contains(&backend.as_str()) {
            return Err(SessionError::Inactive);
        }
        let whose = self.whose(&account.id, &account.password);
        if whose == Whose::Anothers {
            self.data.clear();
        }
        let hash = auth_hash::auth_hash(&self.settings.keys, &account.password);
        for (name, value) in [(USER_ID, account.id), (USER_BACKEND, backend), (USER_HASH, hash)] {
            self.data.insert(name.to_owned(), value.into());
        }
        match (&self.settings.engine, whose) {
            (Engine::SignedCookies, _) => {}
            (Engine::Rows(_), Whose::Theirs) => self.save().await?,
            (Engine::Rows(_), Whose::Visitors | Whose::Anothers) => self.move_to_new_key().await?,
        }
        self.set_cookie()
    }

    /// Logs out whoever is logged in: the session is empty, its row deleted (`flush`).
    ///
    /// A cookie that leads to no row is of no use, whether the browser is told to drop it or not. With
    /// [`signed_cookies`](super::Session::signed_cookies), being told is all there is to logging out.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`] if the database is of no use, [`SessionError::Cache`] if the cache is: to Django
    /// they are still logged in.
    pub async fn logout(&mut self) -> Result<SetCookie, SessionError> {
        if let (Engine::Rows(rows), Some(key)) = (&self.settings.engine, &self.key) {
            rows.delete(key).await?;
        }
        self.key = None;
        self.data.clear();
        self.cookie.replace(None);
        self.set_cookie()
    }

    /// Django's `cycle_key`.
    async fn move_to_new_key(&mut self) -> Result<(), SessionError> {
        let old = self.key.clone();
        self.create().await?;
        if let (Engine::Rows(rows), Some(old)) = (&self.settings.engine, old) {
            rows.delete(&old).await?;
        }
        Ok(())
    }

    fn whose(&self, id: &str, password: &str) -> Whose {
        let Some(user) = self.user_id() else { return Whose::Visitors };
        let hash: Option<&str> = self.data.get(USER_HASH).and_then(|hash| hash.as_str());
        let same = user.trim() == id
            && hash.is_some_and(|hash| auth_hash::vouches(&self.settings.keys, password, hash));
        if same { Whose::Theirs } else { Whose::Anothers }
    }
}

/// Whose the session is that somebody logs in with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Visitors,
    Theirs,
    /// Or theirs, of before they changed their password.
    Anothers,
}
