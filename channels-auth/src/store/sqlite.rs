//! SQLite: times are texts there, in UTC and in Django's spelling, and compared as texts.

use std::time::SystemTime;

use sqlx::{AssertSqlSafe, Sqlite, query::Query, sqlite::SqliteArguments};
use time::{PrimitiveDateTime, format_description::BorrowedFormatItem, macros::format_description};

use super::{
    StoreError, Value,
    value::{UserId, moment},
};

const TO_THE_SECOND: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
const TO_THE_MICROSECOND: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second].[subsecond digits:6]");

/// What Django reads: a fraction has six digits, or one to five from another program.
const ANY_FRACTION: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second].[subsecond]");

pub(super) fn query<'q>(sql: String, values: Vec<Value>) -> Query<'q, Sqlite, SqliteArguments> {
    values.into_iter().fold(sqlx::query(AssertSqlSafe(sql)), |query, value| match value {
        Value::Text(text) => query.bind(text),
        Value::Number(number) => query.bind(number),
        Value::Time(time) => query.bind(time.map(written)),
        Value::User(UserId::Integer(id)) => query.bind(id),
        // Django's UUIDField is char(32) here
        Value::User(UserId::Uuid(id)) => query.bind(id.simple().to_string()),
        Value::User(UserId::Text(id)) => query.bind(id),
    })
}

/// A time as Django writes it: without a fraction where there is none, so that texts compare as times do.
fn written(time: SystemTime) -> String {
    let time = moment(time);
    let format = if time.microsecond() == 0 { TO_THE_SECOND } else { TO_THE_MICROSECOND };
    // what a moment may be can be written
    time.format(format).unwrap_or_default()
}

/// A time as Django writes it.
pub(super) fn read(text: &str) -> Result<SystemTime, StoreError> {
    let format = if text.contains('.') { ANY_FRACTION } else { TO_THE_SECOND };
    let time = PrimitiveDateTime::parse(text, format);
    let time = time.or(Err(StoreError::Unreadable("a time is not in UTC, `YYYY-MM-DD HH:MM:SS.ffffff`")))?;
    Ok(time.assume_utc().into())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn a_time_is_written_as_django_writes_it_and_read_again() {
        for (time, text) in [
            (Duration::ZERO, "1970-01-01 00:00:00"),
            (Duration::from_micros(1_795_532_180_210_813), "2026-11-24 14:56:20.210813"),
            (Duration::from_millis(1_795_532_180_500), "2026-11-24 14:56:20.500000"),
            (Duration::from_nanos(1_795_532_180_000_000_999), "2026-11-24 14:56:20"),
        ] {
            assert_eq!(written(UNIX_EPOCH + time), text);
            assert_eq!(read(text).unwrap(), UNIX_EPOCH + Duration::from_micros(time.as_micros() as u64));
        }
    }

    #[test]
    fn a_time_that_no_calendar_has_is_the_last_one_of_the_year_9999() {
        let beyond = UNIX_EPOCH + Duration::from_secs(1 << 50);

        assert_eq!(written(beyond), "9999-12-31 23:59:59.999999");
    }

    #[test]
    fn what_is_no_time_is_an_error() {
        for text in ["", "tomorrow", "2026-11-24", "2026-11-24T14:56:20Z", "2026-13-24 14:56:20"] {
            assert!(matches!(read(text), Err(StoreError::Unreadable(_))), "{text}");
        }
    }
}
