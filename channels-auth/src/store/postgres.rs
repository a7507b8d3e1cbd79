//! PostgreSQL: a `timestamptz`, a `uuid` and a `boolean` are what they are called.

use std::{str::FromStr, time::Duration};

use sqlx::{
    AssertSqlSafe, PgPool, Postgres,
    postgres::{PgArguments, PgConnectOptions, PgPoolOptions},
    query::Query,
};

use super::{
    StoreError, Value,
    value::{UserId, moment},
};

pub(super) async fn connect(url: &str, limit: Duration) -> Result<PgPool, StoreError> {
    let options = PgConnectOptions::from_str(url)?;
    // a query that nobody waits for any more ends in the server, too
    let options = options.options([("statement_timeout", limit.as_millis().to_string())]);
    Ok(PgPoolOptions::new().acquire_timeout(limit).connect_with(options).await?)
}

pub(super) fn query<'q>(sql: String, values: Vec<Value>) -> Query<'q, Postgres, PgArguments> {
    values.into_iter().fold(sqlx::query(AssertSqlSafe(sql)), |query, value| match value {
        Value::Text(text) => query.bind(text),
        Value::Number(number) => query.bind(number),
        Value::Time(time) => query.bind(time.map(moment)),
        Value::User(UserId::Integer(id)) => query.bind(id),
        Value::User(UserId::Uuid(id)) => query.bind(id),
        Value::User(UserId::Text(id)) => query.bind(id),
    })
}
