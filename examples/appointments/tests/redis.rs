//! Two processes.

use site::testing::{Folder, Redis, Server};

use crate::account::{Account, program};

#[tokio::test]
#[ignore = "needs redis-server"]
async fn what_is_done_at_one_process_is_told_at_the_other_and_a_logout_closes_sockets_there() {
    let redis = Redis::start().await;
    let folder = Folder::new(env!("CARGO_TARGET_TMPDIR"));
    let database = folder.file("appointments.sqlite3");
    let one = Server::run(program(&database).args(&["--redis", redis.url()])).await;
    let other = Server::run(program(&database).args(&["--redis", redis.url()])).await;
    let (alice, bob) = (Account::log_in(&one, "alice"), Account::log_in(&other, "bob"));
    let (desk, mut his) = (Account::log_in(&other, "alice"), bob.socket().await);
    let mut hers = desk.socket().await;

    let booked = alice.booked("09:00", "Maria Jensen");
    for socket in [&mut his, &mut hers] {
        assert_eq!(socket.hear().await["appointment"], booked);
    }
    assert_eq!(alice.post("/api/logout-all").0, 204);

    assert_eq!(hers.closed().await, 4500);
    bob.booked("09:30", "Ola Nordmann");
    assert_eq!(his.hear().await["appointment"]["patient"], "Ola Nordmann");
}
