//! What a worker does with a task: it goes on from where the last attempt got to, and tells of each step.

use std::{
    io,
    time::{Duration, Instant},
};

use actix_web::web;
use channels_actix::{Handlers, Job, Received, Result, Worker};

use crate::{
    events::{Count, Updated, tabs_of},
    primes::{self, PARTS},
    tasks::{State, Task, Tasks},
};

/// How often tabs are told at most: nobody sees more.
const EVERY: Duration = Duration::from_millis(100);

/// Counts primes.
pub(crate) struct Counter {
    tasks: Tasks,
    attempts: u32,
}

impl Worker for Counter {
    fn events(on: &mut Handlers<Self, Job>) {
        on.event(Self::work);
    }
}

impl Counter {
    /// One whose jobs are tried so often.
    pub(crate) fn new(tasks: &Tasks, attempts: u32) -> Self {
        Self { tasks: tasks.clone(), attempts }
    }

    async fn work(&mut self, count: Received<Count>, job: &mut Job) -> Result<()> {
        let outcome = self.attempt(count.id, job).await;
        if outcome.is_err()
            && job.attempt() >= self.attempts
            && let Some(task) = self.tasks.fail(count.id).await?
        {
            tell(job, task).await?;
        }
        outcome
    }

    async fn attempt(&self, id: i64, job: &Job) -> Result<()> {
        let Some(mut task) = self.tasks.begin(id, job.attempt()).await? else { return Ok(()) };
        tracing::info!(id, attempt = task.attempt, parts = task.parts, "a task begins");
        tell(job, task.clone()).await?;
        let mut told = Instant::now();
        while task.state == State::Running {
            if job.is_stopping() {
                return Err(io::Error::other("the program ends before the task does").into());
            }
            let part = primes::part(task.below, task.parts);
            // elsewhere: this thread gives the database its connection back, and has another task
            let found = web::block(move || primes::count(part)).await?;
            let state = if task.parts + 1 < PARTS { State::Running } else { State::Done };
            let Some(advanced) = self.tasks.advance(&task, state, found).await? else { return Ok(()) };
            task = advanced;
            if state == State::Done || told.elapsed() >= EVERY {
                tell(job, task.clone()).await?;
                told = Instant::now();
            }
        }
        Ok(())
    }
}

async fn tell(job: &Job, task: Task) -> Result<()> {
    job.group_send(&tabs_of(task.owner)?, Updated { task }).await
}
