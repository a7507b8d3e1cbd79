//! The rooms, as each user sees them, and what they have read there.

use channels_actix::DjangoUser;
use serde::Serialize;
use sqlx::{FromRow, SqlitePool};

use crate::room::Room;

/// How many rooms are listed.
const ROOMS: i64 = 100;

/// A room that something was said in, as one user sees it.
#[derive(Debug, Serialize, FromRow)]
pub(crate) struct RoomView {
    name: String,
    #[sqlx(flatten)]
    last_message: LastMessage,
    /// How many messages the user has not read.
    unread: i64,
    #[sqlx(try_from = "String")]
    participants: Participants,
}

#[derive(Debug, Serialize, FromRow)]
struct LastMessage {
    from: String,
    text: String,
    at: String,
}

/// The names of those who have said or read something there, in the order of the alphabet.
#[derive(Debug, Serialize)]
struct Participants(Vec<String>);

impl TryFrom<String> for Participants {
    type Error = serde_json::Error;

    /// From the database's JSON.
    fn try_from(names: String) -> Result<Self, serde_json::Error> {
        serde_json::from_str(&names).map(Self)
    }
}

/// The views of the user `?1`, for the last messages that `$which` selects.
macro_rules! views {
    ($which:literal) => {
        concat!(
            r#"SELECT room AS name, sender AS "from", text, at,
               (SELECT count(*) FROM message AS unread WHERE unread.room = last.room AND unread.id > coalesce(
                   (SELECT last_read FROM member WHERE member.room = last.room AND username = ?1), 0)) AS unread,
               (SELECT json_group_array(username) FROM
                   (SELECT username FROM member WHERE member.room = last.room ORDER BY username)) AS participants
               FROM message AS last WHERE "#,
            $which
        )
    };
}

/// All rooms. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Rooms(SqlitePool);

impl Rooms {
    pub(crate) fn new(pool: SqlitePool) -> Self {
        Self(pool)
    }

    /// The rooms that something was said in, the latest first.
    pub(crate) async fn list(&self, user: &DjangoUser) -> sqlx::Result<Vec<RoomView>> {
        let query = views!("id IN (SELECT max(id) FROM message GROUP BY room) ORDER BY id DESC LIMIT ?2");
        sqlx::query_as(query).bind(&user.username).bind(ROOMS).fetch_all(&self.0).await
    }

    /// One of them; `None` if nothing was said there.
    pub(crate) async fn of(&self, user: &DjangoUser, room: &Room) -> sqlx::Result<Option<RoomView>> {
        let query = views!("id = (SELECT max(id) FROM message WHERE room = ?2)");
        sqlx::query_as(query).bind(&user.username).bind(room.as_str()).fetch_optional(&self.0).await
    }

    /// The user has read what was said up to `id`, or more than that already. Returns whether they are new there.
    pub(crate) async fn mark_read(&self, room: &Room, user: &DjangoUser, id: i64) -> sqlx::Result<bool> {
        let enter = sqlx::query(
            "INSERT INTO member (room, username) SELECT ?1, ?2
             WHERE EXISTS (SELECT 1 FROM message WHERE room = ?1) ON CONFLICT DO NOTHING",
        );
        let entered = enter.bind(room.as_str()).bind(&user.username).execute(&self.0).await?;
        // nobody has read what is not said yet
        let read = sqlx::query(
            "UPDATE member
             SET last_read = max(last_read, min(?3, (SELECT max(id) FROM message WHERE room = ?1)))
             WHERE room = ?1 AND username = ?2",
        );
        read.bind(room.as_str()).bind(&user.username).bind(id).execute(&self.0).await?;
        Ok(entered.rows_affected() > 0)
    }
}
