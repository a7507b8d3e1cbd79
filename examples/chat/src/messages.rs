//! What was said, and where.

use channels_actix::{DjangoUser, Error, Result};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, SqlitePool};

use crate::room::Room;

/// The longest text, in characters.
const LONGEST: usize = 4000;
/// How many messages a page of history has.
const PAGE: usize = 50;
/// How many rooms are listed.
const ROOMS: i64 = 100;

/// A message, as clients get it.
#[derive(Debug, Serialize, Deserialize, FromRow)]
pub(crate) struct ChatMessage {
    pub(crate) id: i64,
    pub(crate) from: String,
    pub(crate) text: String,
    /// RFC 3339, in UTC: the database writes it.
    pub(crate) at: String,
}

/// A page of a room's history, the oldest message first.
#[derive(Debug, Serialize)]
pub(crate) struct History {
    messages: Vec<ChatMessage>,
    /// Whether there are older ones.
    more: bool,
}

/// A room that something was said in.
#[derive(Debug, Serialize)]
pub(crate) struct ActiveRoom {
    name: String,
    last_message: LastMessage,
}

#[derive(Debug, Serialize, FromRow)]
struct LastMessage {
    from: String,
    text: String,
    at: String,
}

/// A text that may be stored: not blank, and at most 4,000 characters.
#[derive(Debug)]
pub(crate) struct Text(String);

impl Text {
    pub(crate) fn new(text: String) -> Result<Self> {
        if text.trim().is_empty() {
            return Err(Error::reply("empty_text", "a message needs a text"));
        }
        if text.chars().count() > LONGEST {
            return Err(Error::reply("text_too_long", format!("a message has at most {LONGEST} characters")));
        }
        Ok(Self(text))
    }
}

/// All messages of all rooms. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Messages(SqlitePool);

impl Messages {
    pub(crate) fn new(pool: SqlitePool) -> Self {
        Self(pool)
    }

    /// Stores what `from` says in `room`.
    pub(crate) async fn add(&self, room: &Room, from: &DjangoUser, text: Text) -> sqlx::Result<ChatMessage> {
        sqlx::query_as(
            r#"INSERT INTO message (room, sender, text) VALUES (?, ?, ?)
               RETURNING id, sender AS "from", text, at"#,
        )
        .bind(room.as_str())
        .bind(&from.username)
        .bind(text.0)
        .fetch_one(&self.0)
        .await
    }

    /// The last page of a room's history, or the one that ends before a message.
    pub(crate) async fn history(&self, room: &Room, before: Option<i64>) -> sqlx::Result<History> {
        let one_more_than_a_page = PAGE as i64 + 1;
        let mut messages: Vec<ChatMessage> = sqlx::query_as(
            r#"SELECT id, sender AS "from", text, at FROM message
               WHERE room = ? AND id < ? ORDER BY id DESC LIMIT ?"#,
        )
        .bind(room.as_str())
        .bind(before.unwrap_or(i64::MAX))
        .bind(one_more_than_a_page)
        .fetch_all(&self.0)
        .await?;

        let more = messages.len() > PAGE;
        messages.truncate(PAGE);
        messages.reverse();
        Ok(History { messages, more })
    }

    /// The rooms that something was said in, the latest first.
    pub(crate) async fn rooms(&self) -> sqlx::Result<Vec<ActiveRoom>> {
        #[derive(FromRow)]
        struct Row {
            room: String,
            #[sqlx(flatten)]
            last_message: LastMessage,
        }

        let rows: Vec<Row> = sqlx::query_as(
            r#"SELECT room, sender AS "from", text, at FROM message
               WHERE id IN (SELECT max(id) FROM message GROUP BY room) ORDER BY id DESC LIMIT ?"#,
        )
        .bind(ROOMS)
        .fetch_all(&self.0)
        .await?;
        let rooms =
            rows.into_iter().map(|Row { room, last_message }| ActiveRoom { name: room, last_message });
        Ok(rooms.collect())
    }
}
