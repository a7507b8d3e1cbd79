//! The REST side: what is booked, and who is told that somebody was faster.

use serde_json::{Value, json};
use site::testing::Answer;

use crate::account::{Account, DAY, plan, start, with};

#[tokio::test]
async fn what_is_booked_is_listed_by_day_and_by_week_in_the_order_of_the_board() {
    let server = start().await;
    let alice = Account::log_in(&server, "alice");
    let late = alice.booked("16:30", "Maria Jensen");
    let early = alice.booked("09:00", "Ola Nordmann");
    let Answer(_, next_day) = alice.book(&with(plan("09:00", "Eva Novak"), "day", "2026-03-03"));
    let Answer(_, next_week) = alice.book(&with(plan("09:00", "Max Bauer"), "day", "2026-03-09"));

    assert_eq!(alice.list(1), Answer(200, json!([early, late])));
    assert_eq!(alice.list(7), Answer(200, json!([early, late, next_day])));

    assert_eq!((&early["version"], &early["changed_by"]), (&json!(1), &json!("alice")));
    assert_eq!(next_week["day"], "2026-03-09");
}

#[tokio::test]
async fn of_two_who_book_the_same_slot_the_later_one_is_told_whose_it_is() {
    let server = start().await;
    let (alice, bob) = (Account::log_in(&server, "alice"), Account::log_in(&server, "bob"));

    let hers = alice.booked("09:00", "Maria Jensen");
    let Answer(status, body) = bob.book(&plan("09:00", "Ola Nordmann"));

    assert_eq!((status, &body["code"], &body["appointment"]), (409, &json!("taken"), &hers));
    assert_eq!(body["detail"], "alice was faster: this time is taken.");
    assert_eq!(alice.list(1), Answer(200, json!([hers])));
}

#[tokio::test]
async fn of_two_who_move_into_the_same_slot_the_later_one_stays_where_it_was() {
    let server = start().await;
    let (alice, bob) = (Account::log_in(&server, "alice"), Account::log_in(&server, "bob"));
    let (hers, his) = (alice.booked("09:00", "Maria Jensen"), bob.booked("09:30", "Ola Nordmann"));

    let Answer(_, moved) = alice.change(&with(hers, "slot", "10:00"));
    let Answer(status, body) = bob.change(&with(his.clone(), "slot", "10:00"));

    assert_eq!((status, &body["code"], &body["appointment"]), (409, &json!("taken"), &moved));
    assert_eq!(alice.list(1), Answer(200, json!([his, moved])));
}

#[tokio::test]
async fn who_has_seen_an_older_version_changes_nothing_and_sees_what_the_other_did() {
    let server = start().await;
    let (alice, bob) = (Account::log_in(&server, "alice"), Account::log_in(&server, "bob"));
    let seen = alice.booked("09:00", "Maria Jensen");
    let Answer(status, current) = bob.change(&with(seen.clone(), "reason", "Check-up"));
    assert_eq!((status, &current["version"], &current["changed_by"]), (200, &json!(2), &json!("bob")));

    for Answer(status, body) in [alice.change(&with(seen.clone(), "slot", "10:00")), alice.cancel(&seen)] {
        assert_eq!((status, &body["code"], &body["appointment"]), (409, &json!("stale"), &current));
        assert_eq!(body["detail"], "bob has changed this appointment in the meantime.");
    }

    assert_eq!(alice.list(1), Answer(200, json!([current])));
    assert_eq!(alice.cancel(&current), Answer(204, Value::Null));
    assert_eq!(alice.list(1), Answer(200, json!([])));
}

#[tokio::test]
async fn what_has_been_cancelled_cannot_be_changed() {
    let server = start().await;
    let alice = Account::log_in(&server, "alice");
    let gone = alice.booked("09:00", "Maria Jensen");
    assert_eq!(alice.cancel(&gone).0, 204);

    let told = Answer(404, json!({ "detail": "This appointment has been cancelled." }));
    assert_eq!(alice.change(&gone), told);
    assert_eq!(alice.cancel(&gone), told);
    // an id is never used again: nobody can mean this one by the old
    assert_ne!(alice.booked("09:00", "Ola Nordmann")["id"], gone["id"]);
}

#[tokio::test]
async fn of_many_at_once_one_gets_the_slot() {
    let server = start().await;
    let alice = Account::log_in(&server, "alice");

    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let book = |number: i32| alice.book(&plan("09:00", &format!("Patient {number}"))).0;
        let threads: Vec<_> = (0..8).map(|number| scope.spawn(move || book(number))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });

    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let server = start().await;
    let alice = Account::log_in(&server, "alice");
    let good = plan("09:00", "Maria Jensen");

    for (field, value) in [
        ("patient", json!("")),
        ("patient", json!(" \t ")),
        ("patient", json!("ä".repeat(81))),
        ("reason", json!("ä".repeat(201))),
        ("day", json!("2026-02-30")),
        ("day", json!("tomorrow")),
        ("slot", json!("09:10")),
        ("slot", json!("12:00")),
        ("practitioner", json!(4)),
        ("practitioner", json!("Dr Okafor")),
    ] {
        let Answer(status, body) = alice.book(&with(good.clone(), field, value.clone()));
        assert_eq!(status, 400, "{field}: {value}: {body}");
        assert!(body["detail"].is_string(), "{body}");
    }
    for query in ["", "?day=today", "?day=2026-03-02&days=0", "?day=2026-03-02&days=8"] {
        assert_eq!(server.get(&format!("/api/appointments{query}"), &alice.token).0, 400, "{query}");
    }
    assert_eq!(alice.list(1), Answer(200, json!([])));
}

#[tokio::test]
async fn the_board_names_its_columns_and_its_rows() {
    let server = start().await;
    let alice = Account::log_in(&server, "alice");

    let Answer(status, board) = server.get("/api/board", &alice.token);

    assert_eq!(status, 200);
    let columns: Vec<_> = board["practitioners"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(columns, ["Dr Okafor", "Dr Brandt", "Nurse Reyes"]);
    assert_eq!((&board["slots"][0], board["slots"].as_array().unwrap().len()), (&json!("09:00"), 14));
}

#[tokio::test]
async fn nothing_is_for_those_without_a_token() {
    let server = start().await;

    for path in ["/api/board", &format!("/api/appointments?day={DAY}")] {
        assert_eq!(server.get(path, "f0rged").0, 401, "{path}");
        let response = server.http().get(server.url(path)).call().unwrap();
        assert_eq!(response.status(), 401, "{path}");
    }
    for path in ["/api/logout", "/api/logout-all"] {
        assert_eq!(server.post(path, "").0, 401, "{path}");
    }
}

#[tokio::test]
async fn the_page_and_its_files_come_with_a_strict_policy() {
    let server = start().await;

    for (path, content_type) in [
        ("/", "text/html; charset=utf-8"),
        ("/static/site.css", "text/css; charset=utf-8"),
        ("/static/site.js", "text/javascript; charset=utf-8"),
        ("/static/appointments.css", "text/css; charset=utf-8"),
        ("/static/appointments.js", "text/javascript; charset=utf-8"),
    ] {
        let response = server.http().get(server.url(path)).call().unwrap();
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()["content-type"], content_type);
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'self';") && !policy.contains("unsafe"), "{policy}");
    }
}
