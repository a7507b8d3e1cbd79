//! What happens on a page's socket: it is told, and says nothing.

use channels_actix::{DjangoUser, Gap, Handlers, JsonWebsocketConsumer, Result, Socket};
use serde::{Deserialize, Serialize};

use crate::events::{Created, Deleted, Updated, at_the_board};

/// One page.
pub(crate) struct Board;

/// The first thing a page hears: from now on it misses nothing.
#[derive(Serialize)]
#[serde(tag = "type", rename = "connected")]
struct Connected<'a> {
    username: &'a str,
}

/// What a page may say: nothing; changes go by REST.
#[derive(Deserialize)]
pub(crate) enum Command {}

impl JsonWebsocketConsumer for Board {
    type Incoming = Command;

    fn events(on: &mut Handlers<Self>) {
        on.relay::<Created>();
        on.relay::<Updated>();
        on.relay::<Deleted>();
        on.relay::<Gap>();
    }

    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        let user = socket.user::<DjangoUser>()?;
        socket.join(&at_the_board()?).await?;
        socket.accept().await?;
        socket.send_json(&Connected { username: &user.username }).await
    }

    async fn receive_json(&mut self, command: Command, _: &mut Socket) -> Result<()> {
        match command {}
    }
}
