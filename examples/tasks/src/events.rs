//! What goes over the layer: what there is to do, and what an owner's tabs are told of it.

use channels_actix::{Event, Group, NameError};
use serde::{Deserialize, Serialize};

use crate::tasks::Task;

/// The channel that workers work on.
pub(crate) const WORK: &str = "primes";

/// All tabs of a user.
pub(crate) fn tabs_of(owner: impl ToString) -> Result<Group, NameError> {
    Group::of("user", owner.to_string())
}

/// For a worker: primes are to be counted.
#[derive(Serialize, Deserialize)]
pub(crate) struct Count {
    pub(crate) id: i64,
}

/// There is a new task.
#[derive(Serialize, Deserialize)]
pub(crate) struct Created {
    pub(crate) task: Task,
}

/// A task has got on, or has ended.
#[derive(Serialize, Deserialize)]
pub(crate) struct Updated {
    pub(crate) task: Task,
}

impl Event for Count {
    const TYPE: &'static str = "primes.count";
}

impl Event for Created {
    const TYPE: &'static str = "task.created";
}

impl Event for Updated {
    const TYPE: &'static str = "task.updated";
}
