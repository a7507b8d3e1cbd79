//! What hears of revocations: one task for a stack in a process, however many connections there are.

use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use channels_core::{Group, Layer, NameError};
use tokio::{
    runtime::Handle,
    sync::{Notify, watch},
    time::{sleep, timeout},
};
use tokio_util::task::AbortOnDropHandle;

use super::{Live, options::Aging, recheck};

/// How long to wait before a layer is asked again that could not be subscribed to; twice as long each time.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Where revocations are told: `channels.` is the library's own.
pub(super) fn group() -> Result<Group, NameError> {
    Group::named("channels.revoked")
}

/// The tasks that listen for a stack. They end with it.
#[derive(Default)]
pub(super) struct Listeners {
    /// One for each layer: an application has one.
    running: Mutex<Vec<Listener>>,
    /// One has ended, with the thread that it was on: whoever hears this starts another.
    lapsed: Arc<Notify>,
    recheck: Arc<Notify>,
}

struct Listener {
    layer: Layer,
    hearing: Arc<watch::Sender<Hearing>>,
    _task: AbortOnDropHandle<()>,
}

/// How a task does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hearing {
    NotYet,
    Well,
    /// The layer cannot be subscribed to, or not in time.
    Not,
    Ended,
}

impl Listeners {
    pub(super) fn recheck_soon(&self) {
        self.recheck.notify_one();
    }

    /// Waits until a task has ended that should not have.
    pub(super) async fn lapsed(&self) {
        self.lapsed.notified().await;
    }
}

impl Live {
    /// Sees to it that revocations on this layer are heard of. A thread without a runtime leaves that to the first
    /// connection. What is in a store is looked at again as often as `aging` says.
    pub(crate) fn listen(self: &Arc<Self>, layer: &Layer, aging: Aging) {
        self.listener(layer, aging);
    }

    /// The same, and waits until they are: what is revoked after a credential was looked at is then not missed.
    pub(crate) async fn hear_from(self: &Arc<Self>, layer: &Layer, aging: Aging, limit: Duration) {
        let Some(hearing) = self.listener(layer, aging) else { return };
        let mut heard = hearing.subscribe();
        if timeout(limit, heard.wait_for(|hearing| *hearing != Hearing::NotYet)).await.is_err() {
            // once they are heard of, what was revoked meanwhile is looked for
            hearing.send_if_modified(|hearing| {
                let is_late = *hearing == Hearing::NotYet;
                if is_late {
                    *hearing = Hearing::Not;
                }
                is_late
            });
            tracing::warn!(
                "the channel layer takes long: sockets are let in before revocations are heard of"
            );
        }
    }

    fn listener(self: &Arc<Self>, layer: &Layer, aging: Aging) -> Option<Arc<watch::Sender<Hearing>>> {
        let Ok(runtime) = Handle::try_current() else { return None };
        let mut running = self.listeners.running.lock().unwrap_or_else(PoisonError::into_inner);
        let before = running.len();
        running.retain(|listener| *listener.hearing.borrow() != Hearing::Ended);
        if running.len() < before {
            // since then nobody has listened
            self.listeners.recheck_soon();
        }
        if let Some(listener) = running.iter().find(|listener| listener.layer.is_same(layer)) {
            return Some(Arc::clone(&listener.hearing));
        }
        let hearing = Arc::new(watch::Sender::new(Hearing::NotYet));
        let ear = Ear { hearing: Arc::clone(&hearing), lapsed: Arc::clone(&self.listeners.lapsed) };
        let recheck = Arc::clone(&self.listeners.recheck);
        let task = runtime.spawn(run(Arc::downgrade(self), layer.clone(), ear, recheck, aging));
        running.push(Listener {
            layer: layer.clone(),
            hearing: Arc::clone(&hearing),
            _task: AbortOnDropHandle::new(task),
        });
        Some(hearing)
    }
}

/// Tells how a task does, and when it is no more.
struct Ear {
    hearing: Arc<watch::Sender<Hearing>>,
    lapsed: Arc<Notify>,
}

impl Ear {
    fn is(&self, hearing: Hearing) {
        self.hearing.send_replace(hearing);
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.is(Hearing::Ended);
        self.lapsed.notify_one();
    }
}

async fn run(live: Weak<Live>, layer: Layer, ear: Ear, recheck: Arc<Notify>, aging: Aging) {
    tokio::join!(hear(&live, &layer, &ear, &recheck), recheck::go_on(&live, &recheck, aging));
}

/// Listens until the stack is gone, which ends the task.
async fn hear(live: &Weak<Live>, layer: &Layer, ear: &Ear, recheck: &Notify) {
    let mut wait = FIRST_WAIT;
    loop {
        let subscribed = async { layer.subscribe(&group()?).await };
        match subscribed.await {
            Ok(mut mailbox) => {
                if *ear.hearing.borrow() == Hearing::Not {
                    recheck.notify_one();
                }
                ear.is(Hearing::Well);
                wait = FIRST_WAIT;
                while let Some(event) = mailbox.recv().await {
                    let Some(live) = live.upgrade() else { return };
                    live.hear(&event);
                }
                tracing::error!("the channel layer closed the group in which revocations are told");
            }
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "revocations in other processes are not heard of; trying again");
            }
        }
        ear.is(Hearing::Not);
        sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}
