//! One thread of a worker: takes jobs, so many at a time, until it is told to end.

use std::{
    cell::RefCell,
    future::pending,
    io,
    panic::AssertUnwindSafe,
    rc::Rc,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use channels_layer::{ChannelName, Layer};
use futures_util::FutureExt;
use tokio::{
    runtime::{self, Runtime},
    select,
    task::{JoinError, JoinSet, LocalSet},
    time::sleep,
};

use super::{
    Job, Work,
    orders::Orders,
    outcome::Outcome,
    source::{Source, Taken},
};
use crate::{Worker, consumer::Dispatch, metrics};

/// What a worker's threads have in common.
pub(super) struct Crew<W> {
    pub(super) channel: ChannelName,
    pub(super) work: Work,
    pub(super) handlers: Dispatch<W, Job>,
    pub(super) factory: Box<dyn Fn() -> W + Send + Sync>,
}

/// One of them.
struct Hand<W> {
    crew: Arc<Crew<W>>,
    layer: Layer,
    orders: Orders,
    /// Values that work on nothing at the moment.
    idle: RefCell<Vec<W>>,
}

impl<W: Worker> Crew<W> {
    /// Starts the threads.
    pub(super) fn start(self: &Arc<Self>, layer: &Layer, orders: &Orders) -> io::Result<()> {
        for _ in 0..self.work.threads {
            let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
            let (crew, layer, orders) = (Arc::clone(self), layer.clone(), orders.clone());
            let thread = thread::Builder::new().name(format!("worker-{}", self.channel));
            // it ends when the orders say so; whoever gives them waits for that
            drop(thread.spawn(move || crew.work(runtime, layer, orders))?);
        }
        Ok(())
    }

    /// What a thread does. Methods need not be `Send`, and find a `LocalSet` to spawn on.
    fn work(self: Arc<Self>, runtime: Runtime, layer: Layer, orders: Orders) {
        let hand = Rc::new(Hand { crew: self, layer, orders, idle: RefCell::default() });
        LocalSet::new().block_on(&runtime, hand.run());
        // what a method left behind on a thread for blocking calls is not waited for
        runtime.shutdown_background();
    }
}

impl<W: Worker> Hand<W> {
    async fn run(self: Rc<Self>) {
        let Crew { channel, work, .. } = &*self.crew;
        let mut source = select! {
            source = Source::open(&self.layer, channel, work) => source,
            () = self.orders.stopping() => return,
        };
        tracing::info!(%channel, ?work, "a worker is ready");
        let mut jobs = JoinSet::new();
        loop {
            select! {
                biased;
                () = self.orders.stopping() => break,
                Some(ended) = jobs.join_next() => note(ended),
                taken = source.next(), if jobs.len() < work.concurrency => match taken {
                    Some(taken) => drop(jobs.spawn_local(Rc::clone(&self).job(taken))),
                    None => {
                        tracing::error!(%channel, "a worker ends: the channel layer was closed");
                        break;
                    }
                }
            }
        }
        source.close().await;
        while let Some(ended) = jobs.join_next().await {
            note(ended);
        }
        tracing::info!(%channel, "a worker has ended");
    }

    /// One job, from its beginning to the end that is told.
    async fn job(self: Rc<Self>, taken: Taken) {
        let channel = &self.crew.channel;
        let mut job = Job {
            layer: self.layer.clone(),
            channel: channel.clone(),
            key: taken.key.clone(),
            attempt: taken.attempt,
            orders: self.orders.clone(),
            retry: true,
        };
        let started = Instant::now();
        let running = metrics::job_runs(channel);
        let outcome = self.run_one(&taken, &mut job).await;
        drop(running);
        outcome.note(channel, taken.event.kind(), &job.key, job.attempt, started.elapsed());
        taken.settle(&outcome, job.retry).await;
    }

    async fn run_one(&self, taken: &Taken, job: &mut Job) -> Outcome {
        let Crew { handlers, factory, work, .. } = &*self.crew;
        if !handlers.takes(taken.event.kind()) {
            return Outcome::Unhandled;
        }
        let mut value = self.idle.borrow_mut().pop();
        // made inside: what makes it may panic as well as it may
        let method = async {
            let worker = value.get_or_insert_with(factory);
            handlers.call(worker, &taken.event, job).await
        };
        let outcome = select! {
            biased;
            returned = AssertUnwindSafe(method).catch_unwind() => match returned {
                Ok(returned) => Outcome::of(returned, taken.event.kind()),
                Err(_) => Outcome::Panicked,
            },
            () = limit(work.time_limit) => Outcome::Late,
            () = self.orders.overdue() => Outcome::Dropped,
        };
        if outcome.spares_the_worker() {
            self.idle.borrow_mut().extend(value);
        }
        outcome
    }
}

/// What a method does wrong ends its own job. What is left is ours.
fn note(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "the end of a job could not be told");
    }
}

async fn limit(limit: Option<Duration>) {
    match limit {
        Some(limit) => sleep(limit).await,
        None => pending().await,
    }
}
