//! Notifications: created over REST, in every tab of their owner at once.

mod api;
mod consumer;
mod events;
mod notifications;

use std::{process::ExitCode, time::Duration};

use actix_web::web::Data;
use channels_actix::{JwtIssuer, Session, Source, TokenAuth, client, signing::SecretKeys};
use clap::Parser;
use site::{Page, Site};

use self::{consumer::Bell, notifications::Notifications};

/// How long a token lasts. A session lasts as long as Django's: two weeks.
const TOKEN: Duration = Duration::from_secs(12 * 60 * 60);

const PAGE: Page = Page {
    index: include_str!("../static/index.html"),
    files: &[
        ("inbox.js", include_str!("../static/inbox.js")),
        ("notifications.css", include_str!("../static/notifications.css")),
        ("notifications.js", include_str!("../static/notifications.js")),
    ],
};

/// Notifications: created over REST, in every tab of their owner at once.
#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    site: site::Flags,
}

fn main() -> ExitCode {
    site::main(run)
}

async fn run(flags: Flags) -> site::Result<()> {
    let site = Site::open("notifications", flags.site, Some(sqlx::migrate!())).await?;
    let (users, layer) = (site.users(), site.layer());
    let notifications = Notifications::new(site.pool());
    let issuer = JwtIssuer::hs256(site.secret()).lifetime(TOKEN);
    let sessions = Session::new(site.pool(), SecretKeys::new(site.secret()));
    // a page brings its token, or, if it has none, the browser's cookie
    let auth = TokenAuth::new(users.clone()).accept(issuer.verifier()).accept(sessions.clone());
    let for_consumers = notifications.clone();
    let channels = site
        .channels()
        .wrap(auth.clone())
        .websocket("/ws/notifications/", move |_| Ok(Bell::new(&for_consumers)));

    let revoker = auth.revoker(&layer);
    let rest = auth.rest().sources([Source::authorization("Bearer"), Source::cookie("sessionid")]);
    site.serve(channels, move |config| {
        config
            .app_data(Data::new(users.clone()))
            .app_data(Data::new(notifications.clone()))
            .app_data(Data::new(issuer.clone()))
            .app_data(Data::new(sessions.clone()))
            .app_data(Data::new(layer.clone()))
            .app_data(rest.clone())
            .app_data(Data::new(revoker.clone()))
            .configure(api::routes)
            .configure(client::routes("/channels/"))
            .configure(PAGE.routes());
    })
    .await
}
