//! Jobs that are kept until somebody says they are done.

use std::{collections::HashSet, time::Duration};

use channels_layer::{
    ChannelLayer, ChannelName, DeadReason, Envelope, LayerError, RedisHost, RedisOptions, RedisTask,
    RedisTaskReceiver, RedisTasks, TaskPolicy, TaskStats,
};
use tokio::time::{Instant, timeout};

use super::{Note, Server, channel, eventually, layer, soon};

/// The shortest there is.
const CLAIM: Duration = Duration::from_secs(1);

fn quick() -> TaskPolicy {
    let soon = Duration::from_millis(1);
    TaskPolicy { claim: CLAIM, first_wait: soon, longest_wait: soon, attempts: 3, ..TaskPolicy::default() }
}

async fn tasks_with(server: &Server, policy: TaskPolicy) -> RedisTasks {
    RedisTasks::with_options(RedisOptions::url(&server.url()).unwrap(), policy).await.unwrap()
}

async fn tasks(server: &Server) -> RedisTasks {
    tasks_with(server, quick()).await
}

fn mails() -> ChannelName {
    channel("mails")
}

async fn send(tasks: &RedisTasks, number: u64) -> String {
    tasks.send(&mails(), Note { number }).await.unwrap()
}

async fn next(receiver: &mut RedisTaskReceiver) -> RedisTask {
    soon("a job", receiver.recv()).await.unwrap()
}

fn number(task: &RedisTask) -> u64 {
    task.event().open::<Note>().unwrap().number
}

async fn stats(tasks: &RedisTasks) -> TaskStats {
    tasks.stats(&mails()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_job_is_there_until_it_is_done() {
    let server = Server::start();
    let tasks = tasks(&server).await;

    // nobody works yet
    let keys = [send(&tasks, 1).await, send(&tasks, 2).await];
    assert_eq!(stats(&tasks).await, TaskStats { waiting: 2, ..TaskStats::default() });

    let mut receiver = tasks.receive(&mails());
    for (at, key) in keys.into_iter().enumerate() {
        let task = next(&mut receiver).await;
        assert_eq!((number(&task), task.key(), task.attempt()), (at as u64 + 1, key.as_str(), 1));
        assert_eq!(stats(&tasks).await, TaskStats { waiting: 1 - at, running: 1, ..TaskStats::default() });
        task.done().await.unwrap();
    }
    assert_eq!(stats(&tasks).await, TaskStats::default());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_job_that_fails_is_tried_again_until_it_is_a_dead_letter_which_can_be_sent_again() {
    let server = Server::start();
    let tasks = tasks(&server).await;
    let mut receiver = tasks.receive(&mails());
    let key = send(&tasks, 7).await;

    for attempt in 1..=3 {
        let task = next(&mut receiver).await;
        assert_eq!((number(&task), task.key(), task.attempt()), (7, key.as_str(), attempt));
        task.retry(DeadReason::Panicked).await.unwrap();
    }

    assert_eq!(stats(&tasks).await, TaskStats { dead: 1, ..TaskStats::default() });
    let letters = tasks.dead_letters(&mails(), 10).await.unwrap();
    let [letter] = &letters[..] else { panic!("{letters:?}") };
    assert_eq!(
        (letter.key.as_str(), letter.attempts, letter.reason),
        (key.as_str(), 3, DeadReason::Panicked)
    );
    assert_eq!(letter.event.as_ref().unwrap().open::<Note>().unwrap().number, 7);
    assert!(letter.at.elapsed().unwrap() < super::PATIENCE, "{:?}", letter.at);

    assert!(tasks.requeue(&mails(), letter).await.unwrap());
    assert!(!tasks.requeue(&mails(), letter).await.unwrap(), "it was sent twice");
    let again = next(&mut receiver).await;
    assert_eq!((number(&again), again.key(), again.attempt()), (7, key.as_str(), 1));
    again.bury(DeadReason::Failed).await.unwrap();
    let letters = tasks.dead_letters(&mails(), 10).await.unwrap();
    assert!(tasks.discard(&mails(), &letters[0]).await.unwrap());
    assert_eq!(stats(&tasks).await, TaskStats::default());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_job_that_failed_waits_before_it_is_tried_again() {
    let server = Server::start();
    let wait = Duration::from_millis(800);
    let tasks = tasks_with(&server, TaskPolicy { first_wait: wait, longest_wait: wait, ..quick() }).await;
    let mut receiver = tasks.receive(&mails());
    send(&tasks, 1).await;
    next(&mut receiver).await.retry(DeadReason::Failed).await.unwrap();
    let failed = Instant::now();

    assert_eq!(stats(&tasks).await, TaskStats { later: 1, ..TaskStats::default() });
    let task = next(&mut receiver).await;

    // a random part of up to half less, and milliseconds are whole
    assert!(failed.elapsed() >= wait / 2 - Duration::from_millis(20), "after {:?}", failed.elapsed());
    task.done().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_full_queue_refuses_and_what_is_under_way_or_to_be_tried_again_counts() {
    let server = Server::start();
    let wait = Duration::from_secs(3_600);
    let policy = TaskPolicy { capacity: 3, first_wait: wait, longest_wait: wait, ..quick() };
    let tasks = tasks_with(&server, policy).await;
    let mut receiver = tasks.receive(&mails());
    for number in 0..3 {
        send(&tasks, number).await;
    }
    next(&mut receiver).await.retry(DeadReason::Failed).await.unwrap();
    let running = next(&mut receiver).await;

    let refused = tasks.send(&mails(), Note { number: 4 }).await;

    assert!(matches!(refused, Err(LayerError::ChannelFull { capacity: 3, .. })), "{refused:?}");
    running.done().await.unwrap();
    send(&tasks, 5).await;
    assert_eq!(stats(&tasks).await, TaskStats { waiting: 2, later: 1, ..TaskStats::default() });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn each_job_goes_to_one_of_several_workers() {
    let server = Server::start();
    let (one, other) = (tasks(&server).await, tasks(&server).await);
    let mut receivers = [one.receive(&mails()), one.receive(&mails()), other.receive(&mails())];
    for number in 0..60 {
        send(&one, number).await;
    }

    let mut numbers = HashSet::new();
    for turn in 0..60 {
        let task = next(&mut receivers[turn % 3]).await;
        assert_eq!(task.attempt(), 1);
        assert!(numbers.insert(number(&task)), "{} came twice", number(&task));
        task.done().await.unwrap();
    }
    assert_eq!(stats(&one).await, TaskStats::default());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_slow_job_is_not_given_to_another() {
    let server = Server::start();
    let (one, other) = (tasks(&server).await, tasks(&server).await);
    let (mut slow, mut idle) = (one.receive(&mails()), other.receive(&mails()));
    send(&one, 1).await;
    let task = next(&mut slow).await;

    let stolen = timeout(CLAIM * 3, idle.recv()).await;

    assert!(stolen.is_err(), "{stolen:?}");
    task.done().await.unwrap();
    assert_eq!(stats(&one).await, TaskStats::default());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_job_nobody_gives_signs_of_life_for_goes_to_another_as_a_further_attempt() {
    let server = Server::start();
    let (one, other) = (tasks(&server).await, tasks(&server).await);
    let (mut dying, mut living) = (one.receive(&mails()), other.receive(&mails()));
    let key = send(&one, 1).await;

    drop(next(&mut dying).await);

    let task = next(&mut living).await;
    assert_eq!((number(&task), task.key(), task.attempt()), (1, key.as_str(), 2));
    task.done().await.unwrap();
    assert_eq!(stats(&one).await, TaskStats::default());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_job_that_kills_its_workers_is_a_dead_letter_in_the_end() {
    let server = Server::start();
    let tasks = tasks_with(&server, TaskPolicy { attempts: 2, ..quick() }).await;
    let mut receiver = tasks.receive(&mails());
    send(&tasks, 1).await;

    for attempt in [1, 2] {
        let task = next(&mut receiver).await;
        assert_eq!(task.attempt(), attempt);
        drop(task);
    }
    send(&tasks, 2).await;

    // whoever asks for the next learns that it is none
    let task = next(&mut receiver).await;
    assert_eq!(number(&task), 2);
    let asking = tokio::spawn(async move { receiver.recv().await.is_some() });
    eventually("the job to be given up", async || stats(&tasks).await.dead == 1).await;
    asking.abort();
    let letter = &tasks.dead_letters(&mails(), 1).await.unwrap()[0];
    assert_eq!((letter.attempts, letter.reason), (2, DeadReason::Crashed));
    task.done().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn what_is_handed_back_goes_to_another_at_once_and_is_no_failure() {
    let server = Server::start();
    let tasks =
        tasks_with(&server, TaskPolicy { attempts: 1, claim: Duration::from_secs(60), ..quick() }).await;
    let mut receiver = tasks.receive(&mails());
    send(&tasks, 1).await;

    for attempt in 1..=4 {
        let task = next(&mut receiver).await;
        assert_eq!(task.attempt(), attempt);
        task.hand_back().await.unwrap();
    }

    assert_eq!(stats(&tasks).await, TaskStats { waiting: 1, ..TaskStats::default() });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn who_closes_gives_back_what_was_fetched_and_is_forgotten() {
    let server = Server::start();
    let tasks = tasks_with(&server, TaskPolicy { claim: Duration::from_secs(60), ..quick() }).await;
    let mut closing = tasks.receive(&mails());
    // asks, and does not wait for the answer
    assert!(timeout(Duration::from_millis(1), closing.recv()).await.is_err());
    send(&tasks, 1).await;
    eventually("the job to be fetched", async || stats(&tasks).await.running == 1).await;

    soon("the end", closing.close()).await;

    assert_eq!(server.ask::<usize>("EXISTS tasks:{asgi:mails}"), 1);
    assert_eq!(server.ask::<Vec<redis::Value>>("XINFO CONSUMERS tasks:{asgi:mails} workers"), []);
    let mut receiver = tasks.receive(&mails());
    let task = next(&mut receiver).await;
    assert_eq!((number(&task), task.attempt()), (1, 1));
    task.done().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn what_is_no_event_is_a_dead_letter_at_once_and_disturbs_nobody() {
    let server = Server::start();
    let tasks = tasks(&server).await;
    server.ask::<String>("XADD tasks:{asgi:mails} * key poison event nonsense attempt 0");
    server.ask::<String>("XADD tasks:{asgi:mails} * something else");
    send(&tasks, 1).await;

    let mut receiver = tasks.receive(&mails());
    let task = next(&mut receiver).await;

    assert_eq!(number(&task), 1);
    task.done().await.unwrap();
    let letters = tasks.dead_letters(&mails(), 10).await.unwrap();
    assert_eq!(letters.len(), 2);
    assert!(letters.iter().all(|letter| letter.event.is_none() && letter.reason == DeadReason::Unreadable));
    assert_eq!((letters[0].key.as_str(), letters[0].attempts), ("poison", 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn another_programs_entry_that_has_no_more_than_an_event_is_tried_again_and_stops_nobody() {
    let server = Server::start();
    let tasks = tasks(&server).await;
    let event = Envelope::new(Note { number: 7 }).to_msgpack().unwrap();
    let mut entry = redis::cmd("XADD");
    entry.arg("tasks:{asgi:mails}").arg("*").arg("event").arg(&event[..]);
    entry.exec(&mut server.client()).unwrap();
    let mut receiver = tasks.receive(&mails());

    for _ in 0..2 {
        let task = next(&mut receiver).await;
        assert_eq!(number(&task), 7);
        task.retry(DeadReason::Failed).await.unwrap();
    }
    send(&tasks, 2).await;

    let mut numbers = [number(&next(&mut receiver).await), number(&next(&mut receiver).await)];
    numbers.sort_unstable();
    assert_eq!(numbers, [2, 7]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn of_too_many_dead_letters_the_oldest_give_way() {
    let server = Server::start();
    let tasks = tasks_with(&server, TaskPolicy { dead_letters: 2, ..quick() }).await;
    let mut receiver = tasks.receive(&mails());
    for number in 0..4 {
        send(&tasks, number).await;
        next(&mut receiver).await.bury(DeadReason::Failed).await.unwrap();
    }

    let letters = tasks.dead_letters(&mails(), 10).await.unwrap();

    let numbers = letters.iter().map(|letter| letter.event.as_ref().unwrap().open::<Note>().unwrap().number);
    assert_eq!(numbers.collect::<Vec<_>>(), [2, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn jobs_are_encrypted_with_keys_that_can_be_changed() {
    let server = Server::start();
    let with = async |keys: &[&str]| {
        let options = RedisOptions::url(&server.url()).unwrap().encryption_keys(keys.iter().copied());
        RedisTasks::with_options(options, quick()).await.unwrap()
    };
    let (old, new, stranger) = (with(&["old"]).await, with(&["new", "old"]).await, with(&["other"]).await);
    send(&old, 1).await;
    let raw = format!("{:?}", server.ask::<redis::Value>("XRANGE tasks:{asgi:mails} - +"));
    assert!(!raw.contains("note.made"), "{raw}");

    let task = next(&mut new.receive(&mails())).await;
    assert_eq!(number(&task), 1);
    task.done().await.unwrap();

    send(&old, 2).await;
    let mut receiver = stranger.receive(&mails());
    assert!(timeout(Duration::from_millis(1), receiver.recv()).await.is_err());
    eventually("the job to be given up", async || stats(&old).await.dead == 1).await;
    let letter = &old.dead_letters(&mails(), 1).await.unwrap()[0];
    assert_eq!(letter.event.as_ref().unwrap().open::<Note>().unwrap().number, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn flushing_a_layer_takes_no_jobs() {
    let server = Server::start();
    let (tasks, layer) = (tasks(&server).await, layer(&server).await);
    send(&tasks, 1).await;

    layer.flush().await.unwrap();

    assert_eq!(stats(&tasks).await.waiting, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_worker_goes_on_after_somebody_emptied_the_database() {
    let server = Server::start();
    let tasks = tasks(&server).await;
    let mut receiver = tasks.receive(&mails());
    send(&tasks, 1).await;
    let task = next(&mut receiver).await;

    server.ask::<()>("FLUSHALL");
    // it was under way, and there is nothing to be put back
    task.retry(DeadReason::Failed).await.unwrap();
    send(&tasks, 2).await;

    let task = next(&mut receiver).await;
    assert_eq!(number(&task), 2);
    task.done().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_server_that_hangs_when_a_job_is_done_hears_of_it_afterwards() {
    let server = Server::start();
    let options = RedisOptions::url(&server.url()).unwrap().time_limit(Duration::from_millis(200));
    let policy = TaskPolicy { claim: Duration::from_secs(60), ..quick() };
    let tasks = RedisTasks::with_options(options, policy).await.unwrap();
    let mut receiver = tasks.receive(&mails());
    send(&tasks, 1).await;
    let task = next(&mut receiver).await;

    server.hang();
    let refused = tasks.send(&mails(), Note { number: 2 }).await;
    let done = tokio::spawn(task.done());
    let late = timeout(Duration::from_millis(500), receiver.recv()).await;
    server.go_on();

    assert!(matches!(refused, Err(LayerError::Unavailable(_))), "{refused:?}");
    assert!(late.is_err(), "{late:?}");
    soon("the end to be heard of", done).await.unwrap().unwrap();
    send(&tasks, 3).await;
    // what was not answered may have been taken all the same; what was done does not come again
    loop {
        let task = next(&mut receiver).await;
        let number = number(&task);
        assert_ne!(number, 1);
        task.done().await.unwrap();
        if number == 3 {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn jobs_on_a_server_that_writes_to_its_disk_survive_its_end() {
    let mut server = Server::start_with(&["--appendonly", "yes", "--appendfsync", "always"]);
    let tasks = tasks(&server).await;
    let mut receiver = tasks.receive(&mails());
    send(&tasks, 1).await;
    send(&tasks, 2).await;
    let task = next(&mut receiver).await;

    server.kill();
    server.run();

    assert_eq!(number(&task), 1);
    soon("the end to be heard of", task.done()).await.unwrap();
    let task = next(&mut receiver).await;
    assert_eq!(number(&task), 2);
    task.done().await.unwrap();
    assert_eq!(stats(&tasks).await, TaskStats::default());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn no_task_and_no_connection_is_left_over() {
    let server = Server::start();
    let handle = tokio::runtime::Handle::current();
    let before = handle.metrics().num_alive_tasks();
    {
        let tasks = tasks(&server).await;
        let mut receiver = tasks.receive(&mails());
        send(&tasks, 1).await;
        next(&mut receiver).await.done().await.unwrap();
        drop(receiver);
    }
    eventually("all tasks to end", async || handle.metrics().num_alive_tasks() == before).await;
    eventually("all connections to end", async || server.ask::<String>("CLIENT LIST").lines().count() == 1)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_user_needs_no_more_rights_than_the_guide_names() {
    const RULES: &str = "~tasks:* -@all +@stream +@scripting +@sortedset +time +info +ping +select";
    let server = Server::start();
    let mut command = redis::cmd("ACL");
    command.arg("SETUSER").arg("ann").arg("on").arg(">s3cret").arg(RULES.split(' ').collect::<Vec<_>>());
    command.exec(&mut server.client()).unwrap();
    let url = format!("redis://ann:s3cret@127.0.0.1:{}/0", server.port());
    let tasks = RedisTasks::with_options(RedisOptions::url(&url).unwrap(), quick()).await.unwrap();
    let mut receiver = tasks.receive(&mails());

    send(&tasks, 1).await;
    next(&mut receiver).await.retry(DeadReason::Failed).await.unwrap();
    drop(next(&mut receiver).await);
    next(&mut receiver).await.bury(DeadReason::Failed).await.unwrap();
    let letter = tasks.dead_letters(&mails(), 1).await.unwrap().remove(0);
    assert!(tasks.requeue(&mails(), &letter).await.unwrap());
    let task = next(&mut receiver).await;
    // signs of life are given meanwhile
    assert!(timeout(CLAIM, receiver.recv()).await.is_err());
    task.done().await.unwrap();

    assert!(!tasks.discard(&mails(), &letter).await.unwrap());
    assert_eq!(stats(&tasks).await, TaskStats::default());
    soon("the end", receiver.close()).await;
    assert_eq!(server.ask::<Vec<redis::Value>>("XINFO CONSUMERS tasks:{asgi:mails} workers"), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn of_several_servers_each_channel_is_on_one() {
    let servers = [Server::start(), Server::start(), Server::start()];
    let mut hosts = servers.iter().map(|server| RedisHost::url(&server.url()).unwrap());
    let options = RedisOptions::new(hosts.next().unwrap());
    let options = hosts.fold(options, RedisOptions::shard);
    let tasks = RedisTasks::with_options(options, quick()).await.unwrap();

    for number in 0..30 {
        let channel = channel(&format!("mails-{number}"));
        tasks.send(&channel, Note { number }).await.unwrap();
        let task = next(&mut tasks.receive(&channel)).await;
        assert_eq!(task.event().open::<Note>().unwrap().number, number);
        task.done().await.unwrap();
    }

    let counts = servers.each_ref().map(|server| server.ask::<usize>("DBSIZE"));
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
}
