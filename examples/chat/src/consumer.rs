//! What happens on a chat's socket.

use channels_actix::{DjangoUser, Event, Handlers, JsonWebsocketConsumer, Result, Scope, Socket};
use serde::Deserialize;

use crate::{
    messages::{ChatMessage, Messages, Text},
    room::Room,
};

/// What a client says.
#[derive(Deserialize)]
#[serde(tag = "type")]
pub(crate) enum Command {
    #[serde(rename = "chat.message")]
    Say { text: String },
}

impl Event for ChatMessage {
    const TYPE: &'static str = "chat.message";
}

/// One person in one room.
pub(crate) struct Chat {
    room: Room,
    messages: Messages,
}

impl Chat {
    pub(crate) fn new(scope: &Scope, messages: &Messages) -> Result<Self> {
        Ok(Self { room: scope.param("room")?, messages: messages.clone() })
    }
}

impl JsonWebsocketConsumer for Chat {
    type Incoming = Command;

    fn events(on: &mut Handlers<Self>) {
        on.relay::<ChatMessage>();
    }

    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        socket.join(&self.room.group()?).await?;
        socket.accept().await
    }

    async fn receive_json(&mut self, Command::Say { text }: Command, socket: &mut Socket) -> Result<()> {
        let user = socket.user::<DjangoUser>()?;
        let message = self.messages.add(&self.room, &user, Text::new(text)?).await?;
        socket.group_send(&self.room.group()?, message).await
    }
}
