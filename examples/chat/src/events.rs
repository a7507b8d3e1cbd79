//! What consumers tell each other, and by which groups. What is said in a room goes to the room's own.

use channels_actix::{DjangoUser, Event, Group, NameError};
use serde::{Deserialize, Serialize};

use crate::{messages::ChatMessage, room::Room};

impl Event for ChatMessage {
    const TYPE: &'static str = "chat.message";
}

/// Somebody is about to say something.
#[derive(Serialize, Deserialize)]
pub(crate) struct Typing {
    pub(crate) from: String,
}

impl Event for Typing {
    const TYPE: &'static str = "chat.typing";
}

/// A room's line in the list is not what it was.
#[derive(Serialize, Deserialize)]
pub(crate) struct RoomChanged {
    pub(crate) room: Room,
}

impl Event for RoomChanged {
    const TYPE: &'static str = "chat.room_changed";
}

/// All who have the list.
pub(crate) fn everybody() -> Result<Group, NameError> {
    Group::named("rooms")
}

/// All tabs in which a user has the list.
pub(crate) fn tabs_of(user: &DjangoUser) -> Result<Group, NameError> {
    Group::of("user", &user.id)
}
