//! A second look at credentials that have connections open: what was revoked without a word is noticed.

use std::{
    collections::HashMap,
    future::pending,
    sync::{Arc, Weak},
    time::Duration,
};

use channels_core::{CloseCode, ConnectionHandle};
use tokio::{
    select,
    sync::Notify,
    time::{sleep, timeout},
};

use tokio_util::task::AbortOnDropHandle;

use super::{
    Live, Login, Reason, close,
    options::{Aging, Expiry},
};
use crate::{AuthError, Authenticator, Standing, chance, error::Causes, metrics};

/// How many credentials are asked about with one query.
const BATCH: usize = 500;

/// How long an authenticator may take for a batch. Databases have a limit of their own, which is shorter.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// Within what time the processes on a layer spread their queries, when all of them were told of a gap.
const SPREAD: Duration = Duration::from_secs(2);

/// Looks at all credentials when asked to, and at an interval if there is one. One query at a time.
pub(super) async fn go_on(live: &Weak<Live>, asked: &Notify, aging: Aging) {
    loop {
        select! {
            () = asked.notified() => sleep(SPREAD.mul_f64(chance::part_of_one())).await,
            () = next_round(aging.recheck) => {}
        }
        let Some(live) = live.upgrade() else { return };
        live.recheck(aging.expiry).await;
    }
}

/// Waits for the interval, a quarter more or less, so that processes that started together do not ask together.
async fn next_round(interval: Option<Duration>) {
    match interval {
        Some(interval) => sleep(interval.mul_f64(0.75 + 0.5 * chance::part_of_one())).await,
        None => pending().await,
    }
}

impl Live {
    async fn recheck(&self, expiry: Expiry) {
        for (authenticator, logins) in by_authenticator(self.logins()) {
            for batch in logins.chunks(BATCH) {
                // in a task of its own: if somebody's authenticator panics there, it ends nothing else
                let asked = tokio::spawn(ask(Arc::clone(&authenticator), batch.to_vec()));
                let asked = AbortOnDropHandle::new(asked).await;
                match asked.unwrap_or_else(|panicked| Err(AuthError::unavailable(panicked))) {
                    Ok(standings) => {
                        for (login, standing) in batch.iter().zip(standings) {
                            self.judge(login, standing, expiry);
                        }
                    }
                    Err(error) => {
                        // it says nothing about them: they stay, and those behind them would be told the same
                        metrics::rechecked("unavailable", batch.len());
                        let cause = Causes(&error);
                        tracing::warn!(%cause, "credentials of open sockets cannot be looked at again now");
                        break;
                    }
                }
            }
        }
    }

    fn judge(&self, login: &Login, standing: Standing, expiry: Expiry) {
        let now = self.now();
        let has_ended = |end| end <= now && expiry == Expiry::Closes;
        if login.expires.is_some_and(has_ended) {
            // its connections' own watches see to it
            return;
        }
        match standing {
            Standing::Good(Some(end)) if has_ended(end) => {
                metrics::rechecked("expired", 1);
                for connection in self.take(login) {
                    metrics::expired();
                    connection.close(CloseCode::UNAUTHENTICATED, AuthError::Expired.reason());
                }
            }
            Standing::Good(_) => metrics::rechecked("good", 1),
            Standing::Revoked => {
                metrics::rechecked("gone", 1);
                close(&self.take(login), Reason::Gone);
            }
            Standing::Unknown => {}
        }
    }

    fn logins(&self) -> Vec<Arc<Login>> {
        self.lock().open.logins()
    }

    fn take(&self, login: &Login) -> Vec<ConnectionHandle> {
        self.lock().open.take_of_credential(&login.digest)
    }
}

async fn ask(
    authenticator: Arc<dyn Authenticator>,
    logins: Vec<Arc<Login>>,
) -> Result<Vec<Standing>, AuthError> {
    let credentials: Vec<_> = logins.iter().map(|login| &login.credential).collect();
    let standings = timeout(TIME_LIMIT, authenticator.recheck(&credentials)).await;
    standings.unwrap_or_else(|late| Err(AuthError::unavailable(late)))
}

type Batches = Vec<(Arc<dyn Authenticator>, Vec<Arc<Login>>)>;

/// Each authenticator, with the credentials that it knows.
fn by_authenticator(logins: Vec<Arc<Login>>) -> Batches {
    let mut batches = HashMap::new();
    for login in logins {
        let authenticator = Arc::clone(&login.authenticator);
        let batch = batches.entry(Arc::as_ptr(&authenticator).cast::<()>());
        batch.or_insert_with(|| (authenticator, Vec::new())).1.push(login);
    }
    batches.into_values().collect()
}
