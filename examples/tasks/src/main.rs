//! Background tasks: started, watched and cancelled on a page, done by workers.

mod api;
mod consumer;
mod events;
mod primes;
mod queue;
mod tasks;
mod worker;

use std::{process::ExitCode, time::Duration};

use actix_web::web::Data;
use channels_actix::{DjangoUser, DrfToken, Ticket, TokenAuth, Workers, client};
use clap::Parser;
use site::{Page, Site};

use self::{consumer::Watch, queue::Queue, tasks::Tasks, worker::Counter};

const PAGE: Page = Page {
    index: include_str!("../static/index.html"),
    files: &[
        ("list.js", include_str!("../static/list.js")),
        ("tasks.css", include_str!("../static/tasks.css")),
        ("tasks.js", include_str!("../static/tasks.js")),
    ],
};

/// Background tasks: started, watched and cancelled on a page, done by workers.
#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    site: site::Flags,

    /// Work only, without a server; start as many as you like. By default a server works, too.
    #[arg(long, requires = "redis", conflicts_with = "no_work")]
    worker: bool,

    /// Serve only, and leave the work to others.
    #[arg(long, requires = "redis")]
    no_work: bool,

    /// After so many seconds without a sign of life a worker counts as dead, and another gets its task.
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = clap::value_parser!(u64).range(1..=3600))]
    claim: u64,
}

fn main() -> ExitCode {
    site::main(run)
}

async fn run(flags: Flags) -> site::Result<()> {
    let redis = flags.site.redis.clone();
    let site = Site::open("tasks", flags.site, Some(sqlx::migrate!())).await?;
    let tasks = Tasks::new(site.pool());
    let queue = match &redis {
        Some(url) => Queue::in_redis(url, Duration::from_secs(flags.claim)).await?,
        None => {
            tasks.fail_all().await?;
            Queue::in_memory(site.layer())?
        }
    };
    let (for_workers, attempts) = (tasks.clone(), queue.attempts());
    let counter = move || Counter::new(&for_workers, attempts);
    if flags.worker {
        let workers = Workers::on(site.layer()).worker(queue.work(), counter);
        return Ok(workers.run_until(site::end_signal()?).await?);
    }

    let (users, layer) = (site.users(), site.layer());
    let drf = DrfToken::new(site.pool());
    drf.create_table().await?;
    let tickets = queue::tickets(redis.as_deref()).await?;
    let auth = TokenAuth::new(users.clone()).accept(Ticket::new(tickets.clone())).accept(drf.clone());
    let channels = site.channels().wrap(auth.clone()).websocket("/ws/tasks/", |_| Ok(Watch));
    let channels = if flags.no_work { channels } else { channels.worker(queue.work(), counter) };

    let revoker = auth.revoker(&layer);
    site.serve(channels, move |config| {
        config
            .app_data(Data::new(users.clone()))
            .app_data(Data::new(tasks.clone()))
            .app_data(Data::new(queue.clone()))
            .app_data(Data::new(drf.clone()))
            .app_data(Data::new(layer.clone()))
            .app_data(auth.rest())
            .app_data(Data::new(revoker.clone()))
            // before the scope that has all else below `/api/`
            .service(tickets.resource::<DjangoUser>("/api/ticket"))
            .configure(api::routes)
            .configure(client::routes("/channels/"))
            .configure(PAGE.routes());
    })
    .await
}
