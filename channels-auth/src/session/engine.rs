//! Where sessions are kept: Django's `SESSION_ENGINE`.

use std::{
    collections::HashMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Map, Value};
use tokio::task::coop;

use super::{SessionError, SessionExpiry, Settings, error::Unread, key::SessionKey, rows::Rows};
use crate::{
    StoreError,
    signing::{Compression, TimestampSigner},
    store::SessionRow,
};

/// What is in a session.
pub(super) type Data = Map<String, Value>;

/// The longest signed text that is looked at: what a mebibyte of JSON is in Base64, and more.
const LONGEST: usize = 2 * 1024 * 1024;

/// The longest cookie that is looked at: what servers take as a header, all in all.
const LONGEST_COOKIE: usize = 8 * 1024;

/// Where sessions are kept.
#[derive(Clone, Debug)]
pub(super) enum Engine {
    /// `db` and `cached_db`, whose rows are the same.
    Rows(Rows),
    SignedCookies,
}

/// A session as it was found.
pub(super) struct Found {
    /// Of a row.
    pub(super) key: Option<SessionKey>,
    pub(super) data: Data,
    pub(super) expires: SystemTime,
}

impl Settings {
    fn signer(&self) -> TimestampSigner {
        let salt = match &self.engine {
            Engine::Rows(_) => format!("django.contrib.sessions.{}", self.class),
            Engine::SignedCookies => "django.contrib.sessions.backends.signed_cookies".to_owned(),
        };
        TimestampSigner::new(self.keys.clone()).salt(salt).with_clock(self.clock.clone())
    }

    /// The session that a browser's cookie stands for.
    pub(super) async fn read(&self, cookie: &str) -> Result<Found, Unread> {
        match &self.engine {
            Engine::Rows(rows) => {
                let key = SessionKey::parse(cookie).ok_or(Unread::NoKey)?;
                let row = rows.read(&key).await?.ok_or(Unread::NoRow)?;
                self.open(key, row)
            }
            Engine::SignedCookies => self.open_cookie(cookie),
        }
    }

    /// The sessions that browsers' cookies stand for, with one query.
    pub(super) async fn read_all(&self, cookies: &[&str]) -> Result<Vec<Result<Found, Unread>>, StoreError> {
        let mut rows = match &self.engine {
            Engine::Rows(rows) => {
                let keys: Vec<_> = cookies.iter().filter_map(|cookie| SessionKey::parse(cookie)).collect();
                rows.read_all(&keys).await?
            }
            Engine::SignedCookies => HashMap::new(),
        };
        let mut sessions = Vec::with_capacity(cookies.len());
        for &cookie in cookies {
            sessions.push(match (&self.engine, SessionKey::parse(cookie), rows.remove(cookie)) {
                (Engine::SignedCookies, ..) => self.open_cookie(cookie),
                (Engine::Rows(_), Some(key), Some(row)) => self.open(key, row),
                (Engine::Rows(_), _, _) => Err(Unread::NoRow),
            });
            // some are big, and the connections of this thread wait
            coop::consume_budget().await;
        }
        Ok(sessions)
    }

    fn open(&self, key: SessionKey, row: SessionRow) -> Result<Found, Unread> {
        if row.expires <= self.clock.now() {
            return Err(Unread::Expired);
        }
        Ok(Found { key: Some(key), data: self.decode(&row.data)?, expires: row.expires })
    }

    fn open_cookie(&self, cookie: &str) -> Result<Found, Unread> {
        if cookie.len() > LONGEST_COOKIE {
            return Err(Unread::Unreadable);
        }
        // what the session says of its end does not count: that is for the browser (Django's #19201)
        let age = self.cookie.age;
        let (data, signed_at) = self.signer().loads_stamped(cookie, Some(age))?;
        let signed_at = Duration::from_secs(u64::try_from(signed_at).unwrap_or_default());
        let expires = UNIX_EPOCH.checked_add(signed_at).and_then(|time| time.checked_add(age));
        Ok(Found { key: None, data, expires: expires.ok_or(Unread::Unreadable)? })
    }

    /// What Django's `decode` makes of `session_data`. When that was signed does not count.
    pub(super) fn decode(&self, signed: &str) -> Result<Data, Unread> {
        if signed.len() > LONGEST {
            return Err(Unread::Unreadable);
        }
        Ok(self.signer().loads(signed, None)?)
    }

    /// What Django's `encode` makes of a session.
    pub(super) fn encode(&self, data: &Data) -> Result<String, SessionError> {
        // texts as keys and JSON as values cannot fail
        let signed = self.signer().dumps(data, Compression::IfShorter).unwrap_or_default();
        match self.decode(&signed) {
            Ok(_) => Ok(signed),
            Err(_) => Err(SessionError::TooBig),
        }
    }

    /// The row of a session that is saved now.
    pub(super) fn row(&self, data: &Data) -> Result<SessionRow, SessionError> {
        let expires = SessionExpiry::of(data).date(self.clock.now(), self.cookie.age);
        Ok(SessionRow { data: self.encode(data)?, expires })
    }
}
