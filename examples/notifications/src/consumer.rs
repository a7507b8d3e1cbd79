//! What happens on a tab's socket: it is told, and says nothing.

use channels_actix::{DjangoUser, Gap, Handlers, JsonWebsocketConsumer, Result, Socket};
use serde::{Deserialize, Serialize};

use crate::{
    events::{Created, Deleted, Updated, tabs_of},
    notifications::Notifications,
};

/// One tab.
pub(crate) struct Bell {
    notifications: Notifications,
}

/// The first thing a tab hears.
#[derive(Serialize)]
#[serde(tag = "type", rename = "connected")]
struct Connected<'a> {
    user_id: &'a str,
    username: &'a str,
    unread: u32,
}

/// What a tab may say: nothing, so far.
#[derive(Deserialize)]
pub(crate) enum Command {}

impl Bell {
    pub(crate) fn new(notifications: &Notifications) -> Self {
        Self { notifications: notifications.clone() }
    }
}

impl JsonWebsocketConsumer for Bell {
    type Incoming = Command;

    fn events(on: &mut Handlers<Self>) {
        on.relay::<Created>();
        on.relay::<Updated>();
        on.relay::<Deleted>();
        on.relay::<Gap>();
    }

    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        let user = socket.user::<DjangoUser>()?;
        socket.join(&tabs_of(&user.id)?).await?;
        socket.accept().await?;
        let unread = self.notifications.unread(user.id()?).await?;
        socket.send_json(&Connected { user_id: &user.id, username: &user.username, unread }).await
    }

    async fn receive_json(&mut self, command: Command, _: &mut Socket) -> Result<()> {
        match command {}
    }
}
