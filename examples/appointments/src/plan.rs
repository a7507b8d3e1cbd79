//! What an appointment may be: on a day, in a slot, for somebody.

use serde::{Deserialize, Serialize};
use time::{Date, format_description::well_known::Iso8601};

/// Every half hour that is worked, lunch left out.
pub(crate) const SLOTS: [&str; 14] = [
    "09:00", "09:30", "10:00", "10:30", "11:00", "11:30", "13:00", "13:30", "14:00", "14:30", "15:00",
    "15:30", "16:00", "16:30",
];
/// The longest name of a patient, in characters: the page's limit, too.
const LONGEST_PATIENT: usize = 80;
/// The longest reason, in characters: the page's limit, too.
const LONGEST_REASON: usize = 200;

/// A day of the clinic, `2026-03-02`: it is the same everywhere, so it has no time zone.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Day(Date);

/// The beginning of a half hour, one of [`SLOTS`].
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Slot(String);

/// Where and when, for whom, and why.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Wish")]
pub(crate) struct Plan {
    pub(crate) practitioner: i64,
    pub(crate) day: Day,
    pub(crate) slot: Slot,
    pub(crate) patient: String,
    pub(crate) reason: String,
}

/// A plan as somebody sends it.
#[derive(Deserialize)]
pub(crate) struct Wish {
    practitioner: i64,
    day: Day,
    slot: Slot,
    patient: String,
    #[serde(default)]
    reason: String,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum BadPlan {
    #[error("a day is written as 2026-03-02, and that is not one: {0:?}")]
    Day(String),
    #[error("the clinic has no appointments at {0:?}")]
    Slot(String),
    #[error("a patient's name has 1 to {LONGEST_PATIENT} characters")]
    Patient,
    #[error("a reason has at most {LONGEST_REASON} characters")]
    Reason,
}

impl Day {
    /// As it is stored: text that sorts as days do.
    pub(crate) fn to_text(self) -> String {
        let (year, month, day) = self.0.to_calendar_date();
        format!("{year:04}-{:02}-{day:02}", u8::from(month))
    }

    /// The day before which a list of so many days ends; the last day that there is, if there are fewer.
    pub(crate) fn after(self, days: u8) -> Self {
        Self(self.0.saturating_add(time::Duration::days(days.into())))
    }
}

impl TryFrom<String> for Day {
    type Error = BadPlan;

    fn try_from(text: String) -> Result<Self, BadPlan> {
        let day = Date::parse(&text, &Iso8601::DATE).ok().map(Self);
        // of all that ISO 8601 allows, the one that is stored
        day.filter(|day| day.to_text() == text).ok_or(BadPlan::Day(text))
    }
}

impl Slot {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Slot {
    type Error = BadPlan;

    fn try_from(text: String) -> Result<Self, BadPlan> {
        if SLOTS.contains(&text.as_str()) { Ok(Self(text)) } else { Err(BadPlan::Slot(text)) }
    }
}

impl TryFrom<Wish> for Plan {
    type Error = BadPlan;

    fn try_from(wish: Wish) -> Result<Self, BadPlan> {
        let (patient, reason) = (wish.patient.trim().to_owned(), wish.reason.trim().to_owned());
        if !(1..=LONGEST_PATIENT).contains(&patient.chars().count()) {
            return Err(BadPlan::Patient);
        }
        if reason.chars().count() > LONGEST_REASON {
            return Err(BadPlan::Reason);
        }
        Ok(Self { practitioner: wish.practitioner, day: wish.day, slot: wish.slot, patient, reason })
    }
}

/// What the page draws its board from.
#[derive(Debug, Serialize)]
pub(crate) struct Board {
    pub(crate) practitioners: Vec<Practitioner>,
    pub(crate) slots: [&'static str; SLOTS.len()],
}

/// Somebody who has a column on the board.
#[derive(Debug, Serialize, sqlx::FromRow)]
pub(crate) struct Practitioner {
    id: i64,
    name: String,
    specialty: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Result<Day, BadPlan> {
        text.to_owned().try_into()
    }

    #[test]
    fn a_day_is_a_day_of_the_calendar_and_written_in_one_way() {
        assert_eq!(day("2028-02-29").unwrap().to_text(), "2028-02-29");
        for text in [
            "",
            "today",
            "2026-02-29",
            "2026-3-2",
            "20260302",
            "2026-W10-1",
            "2026-03-02T09:00",
            "+002026-03-02",
        ] {
            assert!(day(text).is_err(), "{text}");
        }
    }

    #[test]
    fn days_are_counted_over_the_end_of_a_month_and_not_over_the_last_of_all() {
        assert_eq!(day("2026-02-27").unwrap().after(7).to_text(), "2026-03-06");
        assert_eq!(day("9999-12-31").unwrap().after(7).to_text(), "9999-12-31");
    }
}
