//! What a query is asked with.

use std::time::{SystemTime, UNIX_EPOCH};

use time::{OffsetDateTime, PrimitiveDateTime};
use uuid::Uuid;

/// What stands for a `$1` of a query. How it is written is the dialect's.
#[derive(Clone)]
pub(crate) enum Value {
    Text(String),
    Number(i64),
    Time(Option<SystemTime>),
    User(UserId),
}

/// A user's id, as its column has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UserId {
    Integer(i64),
    Uuid(Uuid),
    Text(String),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<SystemTime> for Value {
    fn from(time: SystemTime) -> Self {
        Self::Time(Some(time))
    }
}

impl From<Option<SystemTime>> for Value {
    fn from(time: Option<SystemTime>) -> Self {
        Self::Time(time)
    }
}

impl From<UserId> for Value {
    fn from(id: UserId) -> Self {
        Self::User(id)
    }
}

/// A time to the microsecond, which is what databases have. After the year 9999 there are none.
pub(super) fn moment(time: SystemTime) -> OffsetDateTime {
    let since_1970 = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let microseconds = i128::try_from(since_1970.as_micros()).unwrap_or(i128::MAX);
    let moment = OffsetDateTime::from_unix_timestamp_nanos(microseconds.saturating_mul(1_000));
    let last = PrimitiveDateTime::MAX.assume_utc();
    moment.unwrap_or(last.replace_microsecond(999_999).unwrap_or(last))
}
