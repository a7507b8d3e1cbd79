use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::{MemoryTickets, StoredTicket, Ticket, TicketStore, Tickets};
use crate::{AuthError, Authenticator, Credential, Identity};

const PATH: &str = "/ws/chat/lobby/";

fn start() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_532_180)
}

fn after(seconds: u64) -> impl Fn() -> SystemTime {
    move || start() + Duration::from_secs(seconds)
}

/// Tickets in each kind of store.
async fn everywhere() -> Vec<Tickets> {
    let mut tickets = vec![Tickets::in_memory()];
    #[cfg(feature = "database")]
    {
        let database = crate::Database::connect("sqlite::memory:").await.unwrap();
        tickets.push(Tickets::in_database(database).await.unwrap());
    }
    tickets.into_iter().map(|tickets| tickets.clock(start)).collect()
}

async fn used(tickets: &Tickets, ticket: &Credential, path: &str) -> Result<Option<Identity>, AuthError> {
    let presented = ticket.clone().presented_at(path);
    Ticket::new(tickets.clone()).authenticate(&presented).await
}

#[tokio::test]
async fn a_ticket_is_good_for_a_minute_at_the_most() {
    for tickets in everywhere().await {
        let tickets = tickets.lifetime(Duration::from_secs(3_600));
        let ticket = tickets.issue(&Identity::new(7), PATH).await.unwrap();

        let outcome = used(&tickets.clock(after(60)), &ticket, PATH).await;

        assert!(matches!(outcome, Err(AuthError::Expired)), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_ticket_is_good_once() {
    for tickets in everywhere().await {
        let mut ann = Identity::new(7);
        ann.claims.insert("name".into(), json!("Ann"));
        ann.expires = Some(start() + Duration::from_millis(3_600_123));

        let ticket = tickets.issue(&ann, PATH).await.unwrap();
        let again = tickets.issue(&ann, PATH).await.unwrap();

        assert!(ticket != again);
        assert_eq!(used(&tickets, &ticket, PATH).await.unwrap(), Some(ann));
        assert!(matches!(used(&tickets, &ticket, PATH).await, Err(AuthError::Invalid(_))));
        used(&tickets, &again, PATH).await.unwrap();
    }
}

#[tokio::test]
async fn of_many_who_use_a_ticket_at_a_time_one_gets_in() {
    for tickets in everywhere().await {
        let ticket = tickets.issue(&Identity::new(7), PATH).await.unwrap();

        let uses = (0..20).map(|_| {
            let (tickets, ticket) = (tickets.clone(), ticket.clone());
            tokio::spawn(async move { used(&tickets, &ticket, PATH).await.is_ok() })
        });
        let mut got_in = 0;
        for outcome in uses.collect::<Vec<_>>() {
            got_in += usize::from(outcome.await.unwrap());
        }

        assert_eq!(got_in, 1);
    }
}

#[tokio::test]
async fn a_ticket_ends_after_thirty_seconds_and_no_later_than_what_it_was_issued_for() {
    for tickets in everywhere().await {
        let ann = Identity::new(7);
        let brief = Identity { expires: Some(after(10)()), ..Identity::new(7) };
        for (identity, seconds) in [(&ann, 30), (&brief, 10)] {
            let late = tickets.issue(identity, PATH).await.unwrap();
            let in_time = tickets.issue(identity, PATH).await.unwrap();

            assert!(matches!(
                used(&tickets.clone().clock(after(seconds)), &late, PATH).await,
                Err(AuthError::Expired)
            ));
            used(&tickets.clone().clock(after(seconds - 1)), &in_time, PATH).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_ticket_for_another_path_is_refused_and_used_up() {
    for tickets in everywhere().await {
        let ticket = tickets.issue(&Identity::new(7), PATH).await.unwrap();

        assert!(matches!(used(&tickets, &ticket, "/ws/chat/attic/").await, Err(AuthError::Invalid(_))));
        assert!(matches!(used(&tickets, &ticket, PATH).await, Err(AuthError::Invalid(_))));

        let ticket = tickets.issue(&Identity::new(7), PATH).await.unwrap();
        let nowhere = Ticket::new(tickets.clone()).authenticate(&ticket).await;
        assert!(matches!(nowhere, Err(AuthError::Invalid(_))));
    }
}

#[tokio::test]
async fn what_begins_like_a_ticket_is_one_and_all_else_is_left_to_others() {
    for tickets in everywhere().await {
        for other in ["", "tkt", "TKT_abc", "a.b.c", &"0".repeat(64)] {
            assert_eq!(used(&tickets, &Credential::new(other), PATH).await.unwrap(), None, "{other}");
        }
        for bad in ["tkt_", &format!("tkt_{}", "A".repeat(43)), &format!("tkt_{}", "A".repeat(64 * 1024))] {
            let outcome = used(&tickets, &Credential::new(bad), PATH).await;
            assert!(matches!(outcome, Err(AuthError::Invalid(_))));
        }
    }
}

fn stored(owner: usize) -> StoredTicket {
    StoredTicket { owner: owner.to_string(), content: String::new(), expires: after(30)() }
}

#[tokio::test]
async fn memory_is_full_until_tickets_are_used_or_have_ended() {
    let memory = MemoryTickets::with_capacity(2);
    for digest in ["a", "b"] {
        memory.put(digest, stored(digest.len()), start()).await.unwrap();
    }

    assert!(matches!(memory.put("c", stored(7), after(29)()).await, Err(AuthError::Unavailable(_))));
    assert!(memory.take("a").await.unwrap().is_some());
    memory.put("c", stored(7), after(29)()).await.unwrap();
    memory.put("d", stored(7), after(30)()).await.unwrap();
    assert!(memory.take("b").await.unwrap().is_none());
}

#[tokio::test]
async fn a_user_who_asks_for_many_loses_the_oldest_and_takes_nobodys_room() {
    let memory = MemoryTickets::with_capacity(20);
    memory.put("bob", stored(8), start()).await.unwrap();

    for number in 0..100 {
        memory.put(&format!("ann{number}"), stored(7), start()).await.unwrap();
    }

    assert!(memory.take("bob").await.unwrap().is_some());
    assert!(memory.take("ann83").await.unwrap().is_none());
    assert!(memory.take("ann84").await.unwrap().is_some());
    assert!(memory.take("ann99").await.unwrap().is_some());
}
