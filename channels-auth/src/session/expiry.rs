//! When a session ends: `_session_expiry`, as Django keeps it in the session itself.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};
use time::{
    OffsetDateTime, PrimitiveDateTime,
    format_description::{
        BorrowedFormatItem,
        well_known::{Iso8601, Rfc3339},
    },
    macros::format_description,
};

/// Python's `isoformat` of a time in UTC; before Python 3.11 it reads no other number of digits.
const ISO: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]+00:00");

const NAME: &str = "_session_expiry";

/// The last second of the year 9999, after which neither Python nor HTTP has dates.
const LAST: Duration = Duration::from_secs(253_402_300_799);

/// When a session ends: what Django's `set_expiry` takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SessionExpiry {
    /// [`SessionCookie::age`](super::SessionCookie::age) after it was saved last: `set_expiry(None)`.
    #[default]
    Default,
    /// When the browser is closed, and no later than by default: `set_expiry(0)`.
    BrowserClose,
    /// This long after it was saved last, in whole seconds: `set_expiry(300)`.
    After(Duration),
    /// Then, however often it is saved: `set_expiry(datetime)`.
    At(SystemTime),
}

impl SessionExpiry {
    /// What the session says. What cannot be read counts as nothing said.
    pub(super) fn of(data: &Map<String, Value>) -> Self {
        match data.get(NAME) {
            Some(Value::Number(seconds)) => match seconds.as_f64() {
                Some(0.0) => Self::BrowserClose,
                // Django takes negative ones, and has them end at once
                Some(seconds) => Self::After(Duration::from_secs_f64(seconds.clamp(0.0, LAST.as_secs_f64()))),
                None => Self::Default,
            },
            Some(Value::String(date)) => parsed(date).map_or(Self::Default, Self::At),
            Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => Self::Default,
        }
    }

    pub(super) fn write(self, data: &mut Map<String, Value>) {
        let value = match self {
            Self::Default => None,
            Self::BrowserClose => Some(0.into()),
            // 0 would be the browser's end
            Self::After(time) => Some(time.as_secs().max(1).into()),
            Self::At(time) => written(time).map(Value::from),
        };
        match value {
            Some(value) => data.insert(NAME.to_owned(), value),
            None => data.remove(NAME),
        };
    }

    /// When a session that is saved now ends (`get_expiry_date`).
    pub(super) fn date(self, now: SystemTime, default: Duration) -> SystemTime {
        match self {
            Self::Default | Self::BrowserClose => after(now, default),
            Self::After(time) => after(now, time),
            Self::At(time) => time,
        }
    }
}

/// This long after `now`, and no later than dates go.
pub(super) fn after(now: SystemTime, time: Duration) -> SystemTime {
    let last = UNIX_EPOCH + LAST;
    now.checked_add(time).unwrap_or(last).min(last)
}

fn parsed(date: &str) -> Option<SystemTime> {
    let aware = OffsetDateTime::parse(date, &Rfc3339);
    // a naive one is written where `USE_TZ` is off; its zone is nowhere to be found
    let date =
        aware.or_else(|_| PrimitiveDateTime::parse(date, &Iso8601::DATE_TIME).map(|date| date.assume_utc()));
    date.ok().map(SystemTime::from)
}

fn written(time: SystemTime) -> Option<String> {
    let since_1970 = time.duration_since(UNIX_EPOCH).unwrap_or_default().min(LAST);
    let date = OffsetDateTime::UNIX_EPOCH.checked_add(since_1970.try_into().ok()?)?;
    date.format(ISO).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const WEEK: Duration = Duration::from_secs(7 * 86_400);

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn of(value: Value) -> SessionExpiry {
        SessionExpiry::of(json!({ "_session_expiry": value }).as_object().unwrap())
    }

    #[test]
    fn what_django_writes_is_read() {
        for (value, expiry) in [
            (json!(null), SessionExpiry::Default),
            (json!(0), SessionExpiry::BrowserClose),
            (json!(300), SessionExpiry::After(Duration::from_secs(300))),
            (json!(-300), SessionExpiry::After(Duration::ZERO)),
            (json!("2027-01-15T08:00:00+00:00"), SessionExpiry::At(at(1_800_000_000))),
            (json!("2027-01-15T10:00:00+02:00"), SessionExpiry::At(at(1_800_000_000))),
            (json!("2027-01-15T08:00:00"), SessionExpiry::At(at(1_800_000_000))),
            (
                json!("2027-01-15T08:00:00.000012+00:00"),
                SessionExpiry::At(at(1_800_000_000) + Duration::from_micros(12)),
            ),
        ] {
            assert_eq!(of(value.clone()), expiry, "{value}");
        }
        assert_eq!(SessionExpiry::of(&Map::new()), SessionExpiry::Default);
    }

    #[test]
    fn what_is_no_expiry_counts_as_nothing_said() {
        for value in [json!("soon"), json!(""), json!([1]), json!(true), json!("9999-99-99T00:00:00")] {
            assert_eq!(of(value.clone()), SessionExpiry::Default, "{value}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for expiry in [
            SessionExpiry::Default,
            SessionExpiry::BrowserClose,
            SessionExpiry::After(Duration::from_secs(1)),
            SessionExpiry::At(at(1_800_000_000) + Duration::from_micros(120)),
        ] {
            let mut data = json!({ "_session_expiry": 5, "k": 1 }).as_object().unwrap().clone();
            expiry.write(&mut data);
            assert_eq!(SessionExpiry::of(&data), expiry);
            assert_eq!(data["k"], 1);
        }
    }

    #[test]
    fn a_date_is_written_as_python_writes_it() {
        let mut data = Map::new();

        SessionExpiry::At(at(1_800_000_000) + Duration::from_millis(250)).write(&mut data);

        assert_eq!(data["_session_expiry"], "2027-01-15T08:00:00.250000+00:00");
    }

    #[test]
    fn less_than_a_second_is_not_until_the_browser_is_closed() {
        let mut data = Map::new();

        SessionExpiry::After(Duration::from_millis(1)).write(&mut data);

        assert_eq!(data["_session_expiry"], 1);
    }

    #[test]
    fn a_session_ends_as_long_after_now_as_it_says() {
        let now = at(1_800_000_000);

        for (expiry, end) in [
            (SessionExpiry::Default, now + WEEK),
            (SessionExpiry::BrowserClose, now + WEEK),
            (SessionExpiry::After(Duration::from_secs(5)), now + Duration::from_secs(5)),
            (SessionExpiry::After(Duration::MAX), UNIX_EPOCH + LAST),
            (SessionExpiry::At(at(5)), at(5)),
        ] {
            assert_eq!(expiry.date(now, WEEK), end, "{expiry:?}");
        }
        assert_eq!(of(json!(1e300)).date(now, WEEK), UNIX_EPOCH + LAST);
    }
}
