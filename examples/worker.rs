//! A program that works on jobs, as Django's `manage.py runworker`, and one that sends some.
//!
//! `cargo run --features redis --example worker -- redis://127.0.0.1:6379`, as often as you like, then
//! `cargo run --features redis --example worker -- redis://127.0.0.1:6379 10` for ten jobs.

use std::{env, time::Duration};

use actix_web::rt::{signal, time::sleep};
use channels_actix::{ChannelName, RedisLayer, RedisTasks, Work, Workers, prelude::*};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct SendInvoice {
    number: u32,
}

impl Event for SendInvoice {
    const TYPE: &str = "invoice.send";
}

struct Invoices;

impl Worker for Invoices {
    fn events(on: &mut Handlers<Self, Job>) {
        on.event(Self::send);
    }
}

impl Invoices {
    #[expect(clippy::print_stdout, reason = "that is all it does")]
    async fn send(&mut self, invoice: Received<SendInvoice>, job: &mut Job) -> Result<()> {
        sleep(Duration::from_secs(1)).await;
        println!("invoice {} is sent, at attempt {}", invoice.number, job.attempt());
        Ok(())
    }
}

#[actix_web::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt().with_max_level(tracing::Level::INFO).with_writer(std::io::stderr).init();
    let url = env::args().nth(1).unwrap_or_else(|| "redis://127.0.0.1:6379".to_owned());
    let tasks = RedisTasks::connect(&url).await?;
    if let Some(count) = env::args().nth(2) {
        let invoices = ChannelName::new("invoices")?;
        for number in 1..=count.parse()? {
            tasks.send(&invoices, SendInvoice { number }).await?;
        }
        return Ok(());
    }
    let layer = RedisLayer::connect(&url).await?;
    Workers::new(layer.clone())
        .worker(Work::on("invoices").durable(&tasks).concurrency(2), || Invoices)
        .run_until(signal::ctrl_c())
        .await?;
    Ok(layer.close().await?)
}
