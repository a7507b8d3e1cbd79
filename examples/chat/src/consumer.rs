//! What happens on a chat's socket.

use channels_actix::{DjangoUser, Gap, Handlers, JsonWebsocketConsumer, Received, Result, Scope, Socket};
use serde::{Deserialize, Serialize};

use crate::{
    actions::Actions,
    events::{RoomChanged, Typing, everybody, tabs_of},
    messages::{ChatMessage, Text},
    room::Room,
    rooms::RoomView,
};

/// What a client says.
#[derive(Deserialize)]
#[serde(tag = "type")]
pub(crate) enum Command {
    #[serde(rename = "chat.message")]
    Say { text: String },
    /// To be repeated every few seconds: pages forget it.
    #[serde(rename = "chat.typing")]
    Type,
    /// Up to this message.
    #[serde(rename = "mark_read")]
    MarkRead { id: i64 },
    /// From then on the client is told of every change of the list.
    #[serde(rename = "get_room_list")]
    GetRoomList,
}

/// What a client is told that has asked for the rooms.
#[derive(Serialize)]
#[serde(tag = "type")]
enum Told {
    #[serde(rename = "room_list")]
    RoomList { rooms: Vec<RoomView> },
    #[serde(rename = "room.updated")]
    RoomUpdated { room: RoomView },
}

/// One person in one room.
pub(crate) struct Chat {
    room: Room,
    actions: Actions,
}

impl Chat {
    pub(crate) fn new(scope: &Scope, actions: &Actions) -> Result<Self> {
        Ok(Self { room: scope.param("room")?, actions: actions.clone() })
    }

    async fn typing(&mut self, typing: Received<Typing>, socket: &mut Socket) -> Result<()> {
        if typing.from == socket.user::<DjangoUser>()?.username {
            return Ok(());
        }
        socket.relay(&typing).await
    }

    /// Everybody has read another part of it, so each looks it up: what is told last is what holds.
    async fn room_changed(&mut self, changed: Received<RoomChanged>, socket: &mut Socket) -> Result<()> {
        let user = socket.user::<DjangoUser>()?;
        match self.actions.rooms.of(&user, &changed.room).await? {
            Some(room) => socket.send_json(&Told::RoomUpdated { room }).await,
            None => Ok(()),
        }
    }
}

impl JsonWebsocketConsumer for Chat {
    type Incoming = Command;

    fn events(on: &mut Handlers<Self>) {
        on.relay::<ChatMessage>();
        on.relay::<Gap>();
        on.event(Self::typing);
        on.event(Self::room_changed);
    }

    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        socket.join(&self.room.group()?).await?;
        socket.accept().await
    }

    async fn receive_json(&mut self, command: Command, socket: &mut Socket) -> Result<()> {
        let user = socket.user::<DjangoUser>()?;
        match command {
            Command::Say { text } => {
                self.actions.say(&self.room, &user, Text::new(text)?).await?;
            }
            Command::Type => {
                let typing = Typing { from: user.username.clone() };
                socket.group_send(&self.room.group()?, typing).await?;
            }
            Command::MarkRead { id } => self.actions.mark_read(&self.room, &user, id).await?,
            Command::GetRoomList => {
                // first, so that no change falls between the list and the news
                socket.join(&everybody()?).await?;
                socket.join(&tabs_of(&user)?).await?;
                let rooms = self.actions.rooms.list(&user).await?;
                socket.send_json(&Told::RoomList { rooms }).await?;
            }
        }
        Ok(())
    }
}
