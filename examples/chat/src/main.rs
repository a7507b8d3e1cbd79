//! A chat: login, rooms, history, and live messages; over REST, too.

mod actions;
mod api;
mod consumer;
mod events;
mod messages;
mod room;
mod rooms;

use std::{process::ExitCode, time::Duration};

use actix_web::web::Data;
use channels_actix::{JwtIssuer, TokenAuth, client};
use clap::Parser;
use site::{Page, Site};

use self::{actions::Actions, consumer::Chat};

/// How long a login lasts: the page does not renew its token.
const SESSION: Duration = Duration::from_secs(12 * 60 * 60);

const PAGE: Page = Page {
    index: include_str!("../static/index.html"),
    files: &[
        ("chat.css", include_str!("../static/chat.css")),
        ("chat.js", include_str!("../static/chat.js")),
        ("account.js", include_str!("../static/account.js")),
        ("rooms.js", include_str!("../static/rooms.js")),
        ("typing.js", include_str!("../static/typing.js")),
        ("timeline.js", include_str!("../static/timeline.js")),
    ],
};

/// A chat: login, rooms, history, and live messages.
#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    site: site::Flags,
}

fn main() -> ExitCode {
    site::main(run)
}

async fn run(flags: Flags) -> site::Result<()> {
    let site = Site::open("chat", flags.site, Some(sqlx::migrate!())).await?;
    let (users, actions) = (site.users(), Actions::new(site.pool(), site.layer()));
    let issuer = JwtIssuer::hs256(site.secret()).lifetime(SESSION);
    let auth = TokenAuth::new(users.clone()).accept(issuer.verifier());
    let for_consumers = actions.clone();
    let channels = site
        .channels()
        .wrap(auth.clone())
        .websocket("/ws/chat/{room}/", move |scope| Chat::new(scope, &for_consumers));

    site.serve(channels, move |config| {
        config
            .app_data(Data::new(users.clone()))
            .app_data(Data::new(actions.clone()))
            .app_data(Data::new(issuer.clone()))
            .app_data(auth.rest())
            .configure(api::routes)
            .configure(client::routes("/channels/"))
            .configure(PAGE.routes());
    })
    .await
}
