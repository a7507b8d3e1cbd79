//! What is booked. Whoever changes something says which version they have seen, and the database decides.

use channels_actix::DjangoUser;
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, SqlitePool};

use crate::plan::{Board, Day, Plan, SLOTS};

/// An appointment, as the page gets it.
#[derive(Clone, Debug, Serialize, Deserialize, FromRow)]
pub(crate) struct Appointment {
    pub(crate) id: i64,
    practitioner: i64,
    day: String,
    slot: String,
    patient: String,
    reason: String,
    version: i64,
    /// Who did what made it this version.
    pub(crate) changed_by: String,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unchanged {
    #[error("there is no such appointment")]
    Gone,
    #[error("there is no such practitioner")]
    NoPractitioner,
    /// It is at another version: this one.
    #[error("somebody else has changed the appointment")]
    Stale(Appointment),
    /// Another has the slot, unless it has just gone, too.
    #[error("the slot is taken")]
    Taken(Option<Appointment>),
    #[error("the database does not answer")]
    Database(#[source] sqlx::Error),
}

/// All appointments. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Appointments(SqlitePool);

impl Appointments {
    pub(crate) fn new(pool: SqlitePool) -> Self {
        Self(pool)
    }

    pub(crate) async fn board(&self) -> sqlx::Result<Board> {
        let query = sqlx::query_as("SELECT id, name, specialty FROM practitioner ORDER BY id");
        Ok(Board { practitioners: query.fetch_all(&self.0).await?, slots: SLOTS })
    }

    /// Those of so many days, from one day on.
    pub(crate) async fn list(&self, first: Day, days: u8) -> sqlx::Result<Vec<Appointment>> {
        let query = sqlx::query_as(
            "SELECT * FROM appointment WHERE day >= ? AND day < ? ORDER BY day, slot, practitioner",
        );
        query.bind(first.to_text()).bind(first.after(days).to_text()).fetch_all(&self.0).await
    }

    pub(crate) async fn book(&self, plan: &Plan, by: &DjangoUser) -> Result<Appointment, Unchanged> {
        let insert = sqlx::query_as(
            "INSERT INTO appointment (practitioner, day, slot, patient, reason, changed_by)
             VALUES (?, ?, ?, ?, ?, ?) RETURNING *",
        );
        let plan_of = insert.bind(plan.practitioner).bind(plan.day.to_text()).bind(plan.slot.as_str());
        let booked =
            plan_of.bind(&plan.patient).bind(&plan.reason).bind(&by.username).fetch_one(&self.0).await;
        match booked {
            Ok(booked) => Ok(booked),
            Err(error) => Err(self.refused(error, plan).await),
        }
    }

    /// Makes `version` of an appointment what `plan` says, and the next version of it.
    pub(crate) async fn change(
        &self,
        id: i64,
        version: i64,
        plan: &Plan,
        by: &DjangoUser,
    ) -> Result<Appointment, Unchanged> {
        let update = sqlx::query_as(
            "UPDATE appointment SET practitioner = ?, day = ?, slot = ?, patient = ?, reason = ?, changed_by = ?,
                 version = version + 1
             WHERE id = ? AND version = ? RETURNING *",
        );
        let planned = update.bind(plan.practitioner).bind(plan.day.to_text()).bind(plan.slot.as_str());
        let planned = planned.bind(&plan.patient).bind(&plan.reason).bind(&by.username);
        match planned.bind(id).bind(version).fetch_optional(&self.0).await {
            Ok(Some(changed)) => Ok(changed),
            Ok(None) => Err(self.at_another_version(id).await),
            Err(error) => Err(self.refused(error, plan).await),
        }
    }

    /// Takes `version` of an appointment off the board. What is returned is what was there.
    pub(crate) async fn cancel(&self, id: i64, version: i64) -> Result<Appointment, Unchanged> {
        let delete = sqlx::query_as("DELETE FROM appointment WHERE id = ? AND version = ? RETURNING *");
        match delete.bind(id).bind(version).fetch_optional(&self.0).await {
            Ok(Some(cancelled)) => Ok(cancelled),
            Ok(None) => Err(self.at_another_version(id).await),
            Err(error) => Err(Unchanged::Database(error)),
        }
    }

    async fn at_another_version(&self, id: i64) -> Unchanged {
        let query = sqlx::query_as("SELECT * FROM appointment WHERE id = ?").bind(id);
        match query.fetch_optional(&self.0).await {
            Ok(Some(current)) => Unchanged::Stale(current),
            Ok(None) => Unchanged::Gone,
            Err(error) => Unchanged::Database(error),
        }
    }

    /// What the database's own refusal means.
    async fn refused(&self, error: sqlx::Error, plan: &Plan) -> Unchanged {
        let is =
            |test: fn(&dyn sqlx::error::DatabaseError) -> bool| error.as_database_error().is_some_and(test);
        if is(|error| error.is_foreign_key_violation()) {
            return Unchanged::NoPractitioner;
        }
        if !is(|error| error.is_unique_violation()) {
            return Unchanged::Database(error);
        }
        let query =
            sqlx::query_as("SELECT * FROM appointment WHERE day = ? AND practitioner = ? AND slot = ?");
        let query = query.bind(plan.day.to_text()).bind(plan.practitioner).bind(plan.slot.as_str());
        query.fetch_optional(&self.0).await.map_or_else(Unchanged::Database, Unchanged::Taken)
    }
}
