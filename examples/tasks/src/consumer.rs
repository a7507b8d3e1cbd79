//! What happens on a tab's socket: it is told, and has nothing to say but how it fares.

use channels_actix::{
    DjangoUser, Gap, Handlers, JsonWebsocketConsumer, Result, Socket,
    client::{AskForStats, ClientStats},
};
use serde::{Deserialize, Serialize};

use crate::events::{Created, Updated, tabs_of};

/// One tab.
pub(crate) struct Watch;

/// The first thing a tab hears.
#[derive(Serialize)]
#[serde(tag = "type", rename = "connected")]
struct Connected<'a> {
    username: &'a str,
}

/// What a tab may say: how its connection has fared, when it is asked.
#[derive(Deserialize)]
#[serde(tag = "type")]
pub(crate) enum Command {
    #[serde(rename = "client.stats")]
    Stats(ClientStats),
}

impl JsonWebsocketConsumer for Watch {
    type Incoming = Command;

    fn events(on: &mut Handlers<Self>) {
        on.relay::<Created>();
        on.relay::<Updated>();
        on.relay::<Gap>();
    }

    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        let user = socket.user::<DjangoUser>()?;
        socket.join(&tabs_of(&user.id)?).await?;
        socket.accept().await?;
        socket.send_json(&Connected { username: &user.username }).await?;
        // one that comes back tells of its breaks
        socket.send_json(&AskForStats).await
    }

    async fn receive_json(&mut self, Command::Stats(stats): Command, _: &mut Socket) -> Result<()> {
        stats.record();
        Ok(())
    }
}
