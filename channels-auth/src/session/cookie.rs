//! The cookie a session comes in, and how a browser is given it.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use actix_web::http::header::{self, HeaderName, HeaderValue, HttpDate, TryIntoHeaderPair};
use channels_core::Accept;

use super::expiry::after;

/// The cookie that sessions come in: Django's settings whose names begin with `SESSION_COOKIE_`, and what
/// they are where a site sets none.
///
/// ```
/// use channels_auth::SessionCookie;
///
/// let cookie = SessionCookie { secure: true, ..SessionCookie::default() };
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionCookie {
    /// `SESSION_COOKIE_NAME`. By default `sessionid`.
    pub name: String,
    /// `SESSION_COOKIE_AGE`: how long a session lives after it was saved last, in whole seconds. By default
    /// two weeks.
    pub age: Duration,
    /// `SESSION_COOKIE_DOMAIN`. By default none: the cookie is for this host alone.
    pub domain: Option<String>,
    /// `SESSION_COOKIE_PATH`. By default `/`.
    pub path: String,
    /// `SESSION_COOKIE_SECURE`: whether browsers send it over TLS alone. By default not, as in Django; switch
    /// it on for a site that has TLS.
    pub secure: bool,
    /// `SESSION_COOKIE_HTTPONLY`: whether it is kept from the page's scripts. By default it is.
    pub http_only: bool,
    /// `SESSION_COOKIE_SAMESITE`. By default [`SameSite::Lax`].
    pub same_site: SameSite,
    /// `SESSION_EXPIRE_AT_BROWSER_CLOSE`. By default not.
    pub expire_at_browser_close: bool,
}

/// To whose requests a browser adds a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// To those of the site's own pages.
    Strict,
    /// To those of the site's own pages, and where somebody follows a link to it.
    Lax,
    /// To those of any page, over TLS.
    None,
    /// As the browser sees fit: Django's `False`.
    Unsaid,
}

/// A header that gives a browser its session, or takes it away.
///
/// ```
/// # use channels_auth::{SessionError, SetCookie};
/// # use actix_web::HttpResponse;
/// # use channels_core::*;
/// # async fn handler(cookie: SetCookie) -> HttpResponse {
/// HttpResponse::NoContent().insert_header(cookie).finish() // in an HTTP handler
/// # }
/// # async fn connect(cookie: SetCookie, socket: &mut Socket) -> Result<()> {
/// socket.accept_with(cookie.into()).await // in a consumer's `connect`
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a browser that does not get it goes on with the cookie it has"]
pub struct SetCookie(HeaderValue);

impl SessionCookie {
    /// Gives a browser `value`: until it is closed, or for as long as `max_age`.
    pub(super) fn set(&self, value: &str, max_age: Option<Duration>, now: SystemTime) -> SetCookie {
        let expires = max_age.map(|age| (HttpDate::from(after(now, age)).to_string(), age.as_secs()));
        self.header(value, expires)
    }

    /// Takes it away.
    pub(super) fn deleted(&self) -> SetCookie {
        // Django leaves out what is not needed for a browser to take it
        let secure = self.same_site == SameSite::None
            || ["__Secure-", "__Host-"].iter().any(|prefix| self.name.starts_with(prefix));
        let plain = Self { secure, http_only: false, ..self.clone() };
        plain.header("\"\"", Some(("Thu, 01 Jan 1970 00:00:00 GMT".to_owned(), 0)))
    }

    /// In the order of Python's `SimpleCookie`.
    fn header(&self, value: &str, expires: Option<(String, u64)>) -> SetCookie {
        let (expires, max_age) = expires.unzip();
        let attributes = [
            self.domain.as_ref().map(|domain| format!("Domain={domain}")),
            expires.map(|date| format!("expires={date}")),
            self.http_only.then(|| "HttpOnly".to_owned()),
            max_age.map(|seconds| format!("Max-Age={seconds}")),
            Some(format!("Path={}", self.path)),
            self.same_site.attribute().map(str::to_owned),
            self.secure.then(|| "Secure".to_owned()),
        ];
        let line = attributes
            .into_iter()
            .flatten()
            .fold(format!("{}={value}", self.name), |line, attribute| format!("{line}; {attribute}"));
        // keys, Base64, and what `check` lets pass are what a header can hold
        let mut value = HeaderValue::try_from(line).unwrap_or(HeaderValue::from_static(""));
        value.set_sensitive(true);
        SetCookie(value)
    }

    /// # Panics
    ///
    /// If its name, path or domain is nothing that a header can have.
    #[track_caller]
    pub(super) fn check(&self) {
        let is_name = |name: &str| {
            !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"(),/:;<=>?@[\\]{}".contains(&byte))
        };
        let is_attribute =
            |text: &str| text.bytes().all(|byte| (byte.is_ascii_graphic() || byte == b' ') && byte != b';');
        assert!(is_name(&self.name), "{:?} is no name for a cookie", self.name);
        assert!(is_attribute(&self.path), "{:?} is no path for a cookie", self.path);
        assert!(
            self.domain.as_deref().is_none_or(is_attribute),
            "{:?} is no domain for a cookie",
            self.domain
        );
    }
}

impl Default for SessionCookie {
    fn default() -> Self {
        Self {
            name: "sessionid".to_owned(),
            age: Duration::from_secs(14 * 24 * 60 * 60),
            domain: None,
            path: "/".to_owned(),
            secure: false,
            http_only: true,
            same_site: SameSite::Lax,
            expire_at_browser_close: false,
        }
    }
}

impl SameSite {
    fn attribute(self) -> Option<&'static str> {
        match self {
            Self::Strict => Some("SameSite=Strict"),
            Self::Lax => Some("SameSite=Lax"),
            Self::None => Some("SameSite=None"),
            Self::Unsaid => None,
        }
    }
}

impl SetCookie {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The value of `Set-Cookie`. Do not log it.
    pub fn into_value(self) -> HeaderValue {
        self.0
    }
}

/// For a socket that is not accepted yet: later a browser cannot be given a cookie.
impl From<SetCookie> for Accept {
    fn from(cookie: SetCookie) -> Self {
        Self::default().header(header::SET_COOKIE, cookie.0)
    }
}

/// For an HTTP handler.
impl TryIntoHeaderPair for SetCookie {
    type Error = std::convert::Infallible;

    fn try_into_pair(self) -> Result<(HeaderName, HeaderValue), Self::Error> {
        Ok((header::SET_COOKIE, self.0))
    }
}

impl fmt::Debug for SetCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SetCookie(***)")
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn line(cookie: SetCookie) -> String {
        cookie.into_value().to_str().unwrap().to_owned()
    }

    fn set(cookie: &SessionCookie, max_age: Option<Duration>) -> String {
        line(cookie.set("abcd2345", max_age, UNIX_EPOCH + Duration::from_secs(1_700_000_000)))
    }

    #[test]
    fn by_default_it_is_djangos() {
        let cookie = SessionCookie::default();

        assert_eq!(
            set(&cookie, Some(cookie.age)),
            "sessionid=abcd2345; expires=Tue, 28 Nov 2023 22:13:20 GMT; HttpOnly; Max-Age=1209600; Path=/; \
             SameSite=Lax"
        );
        assert_eq!(
            line(cookie.deleted()),
            "sessionid=\"\"; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax"
        );
    }

    #[test]
    fn each_setting_is_an_attribute() {
        let cookie = SessionCookie {
            name: "__Host-session".into(),
            domain: Some("example.org".into()),
            path: "/app/".into(),
            secure: true,
            http_only: false,
            same_site: SameSite::Strict,
            ..SessionCookie::default()
        };

        assert_eq!(
            set(&cookie, None),
            "__Host-session=abcd2345; Domain=example.org; Path=/app/; SameSite=Strict; Secure"
        );
        assert!(line(cookie.deleted()).ends_with("; SameSite=Strict; Secure"));
        let unsaid = SessionCookie { same_site: SameSite::Unsaid, ..SessionCookie::default() };
        assert_eq!(set(&unsaid, None), "sessionid=abcd2345; HttpOnly; Path=/");
    }

    #[test]
    fn one_that_never_ends_ends_with_the_dates_of_http() {
        let line = set(&SessionCookie::default(), Some(Duration::MAX));

        assert!(line.contains("; expires=Fri, 31 Dec 9999 23:59:59 GMT; "), "{line}");
    }

    #[test]
    fn a_name_or_path_that_would_end_the_cookie_stops_the_server_from_starting() {
        for cookie in [
            SessionCookie { name: "a=b".into(), ..SessionCookie::default() },
            SessionCookie { name: String::new(), ..SessionCookie::default() },
            SessionCookie { path: "/; Domain=evil.org".into(), ..SessionCookie::default() },
            SessionCookie { domain: Some("a\r\nb".into()), ..SessionCookie::default() },
        ] {
            assert!(std::panic::catch_unwind(|| cookie.check()).is_err(), "{cookie:?}");
        }
    }

    #[test]
    fn debug_does_not_show_it() {
        let cookie = SessionCookie::default().set("abcd2345", None, UNIX_EPOCH);

        assert_eq!(format!("{cookie:?} {:?}", cookie.clone().into_value()), "SetCookie(***) Sensitive");
    }
}
