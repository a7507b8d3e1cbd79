//! A clinic's appointment board: one day, a column for each practitioner, and everybody sees the same.

mod api;
mod appointments;
mod consumer;
mod events;
mod plan;
mod refusal;

use std::process::ExitCode;

use actix_web::web::Data;
use channels_actix::{Knox, TokenAuth};
use clap::Parser;
use site::{Page, Site};

use self::{appointments::Appointments, consumer::Board};

/// `build.rs` bundles what is in `page/`.
const PAGE: Page = Page {
    index: include_str!(concat!(env!("OUT_DIR"), "/index.html")),
    files: &[
        ("appointments.css", include_str!("../page/appointments.css")),
        ("appointments.js", include_str!(concat!(env!("OUT_DIR"), "/appointments.js"))),
    ],
};

/// A clinic's appointment board: one day, a column for each practitioner, and everybody sees the same.
#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    site: site::Flags,
}

fn main() -> ExitCode {
    site::main(run)
}

async fn run(flags: Flags) -> site::Result<()> {
    let site = Site::open("appointments", flags.site, Some(sqlx::migrate!())).await?;
    let (users, layer, appointments) = (site.users(), site.layer(), Appointments::new(site.pool()));
    let knox = Knox::new(site.pool());
    knox.create_table().await?;
    let auth = TokenAuth::new(users.clone()).accept(knox.clone());
    let revoker = auth.revoker(&layer);
    let channels =
        site.channels().wrap(auth.clone()).websocket("/ws/scheduling/appointments/", |_| Ok(Board));

    site.serve(channels, move |config| {
        config
            .app_data(Data::new(users.clone()))
            .app_data(Data::new(knox.clone()))
            .app_data(Data::new(revoker.clone()))
            .app_data(Data::new(appointments.clone()))
            .app_data(Data::new(layer.clone()))
            .app_data(auth.rest())
            .configure(api::routes)
            .configure(PAGE.routes());
    })
    .await
}
