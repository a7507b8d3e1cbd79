//! What is done in a chat, whichever way it is asked for: over the socket or over REST.

use channels_actix::{DjangoUser, Layer, LayerError, NameError};
use sqlx::SqlitePool;

use crate::{
    events::{RoomChanged, everybody, tabs_of},
    messages::{ChatMessage, Messages, Text},
    room::Room,
    rooms::Rooms,
};

/// Why something could not be done. None of it is the user's doing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ActionError {
    #[error("the database does not answer")]
    Database(#[from] sqlx::Error),
    #[error("nobody could be told")]
    Layer(#[from] LayerError),
    #[error("a group cannot be called so")]
    Name(#[from] NameError),
}

/// What is stored, and who is told. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Actions {
    pub(crate) messages: Messages,
    pub(crate) rooms: Rooms,
    layer: Layer,
}

impl Actions {
    pub(crate) fn new(pool: SqlitePool, layer: Layer) -> Self {
        Self { messages: Messages::new(pool.clone()), rooms: Rooms::new(pool), layer }
    }

    /// Stores it, tells the room, and all who have the room in their list.
    pub(crate) async fn say(
        &self,
        room: &Room,
        user: &DjangoUser,
        text: Text,
    ) -> Result<ChatMessage, ActionError> {
        let message = self.messages.add(room, user, text).await?;
        self.layer.group_send(&room.group()?, message.clone()).await?;
        self.layer.group_send(&everybody()?, RoomChanged { room: room.clone() }).await?;
        Ok(message)
    }

    /// Stores it, and tells all tabs of the user; and everybody, if there is a new face in the room.
    pub(crate) async fn mark_read(&self, room: &Room, user: &DjangoUser, id: i64) -> Result<(), ActionError> {
        let is_new_there = self.rooms.mark_read(room, user, id).await?;
        let to = if is_new_there { everybody()? } else { tabs_of(user)? };
        self.layer.group_send(&to, RoomChanged { room: room.clone() }).await?;
        Ok(())
    }
}
