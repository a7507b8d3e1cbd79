//! What was said, and where.

use std::fmt;

use channels_actix::DjangoUser;
use serde::{Deserialize, Serialize};
use site::ApiError;
use sqlx::{FromRow, SqlitePool};

use crate::room::Room;

/// The longest text, in characters.
const LONGEST: usize = 4000;
/// How many messages a page of history has.
const PAGE: usize = 50;

/// A message, as clients get it.
#[derive(Clone, Debug, Serialize, Deserialize, FromRow)]
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

/// A text that may be stored: not blank, and at most 4,000 characters.
#[derive(Debug)]
pub(crate) struct Text(String);

/// Why a text may not be stored.
#[derive(Debug)]
pub(crate) enum BadText {
    Empty,
    TooLong,
}

impl Text {
    pub(crate) fn new(text: String) -> Result<Self, BadText> {
        if text.trim().is_empty() {
            return Err(BadText::Empty);
        }
        if text.chars().count() > LONGEST {
            return Err(BadText::TooLong);
        }
        Ok(Self(text))
    }
}

impl fmt::Display for BadText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "a message needs a text"),
            Self::TooLong => write!(f, "a message has at most {LONGEST} characters"),
        }
    }
}

/// Over the socket its author gets an error frame.
impl From<BadText> for channels_actix::Error {
    fn from(bad: BadText) -> Self {
        let code = match bad {
            BadText::Empty => "empty_text",
            BadText::TooLong => "text_too_long",
        };
        Self::reply(code, bad.to_string())
    }
}

/// Over REST it is a bad request.
impl From<BadText> for ApiError {
    fn from(bad: BadText) -> Self {
        Self::BadRequest(bad.to_string())
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
}
