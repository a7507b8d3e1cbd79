//! What channels_redis tells Redis step by step, and what it publishes: this layer does the same.
//!
//! No server is needed: what would be told to one is looked at instead.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;

use super::{Names, Shared, servers::Map, topics::Place};
use crate::{
    ChannelName, Envelope, Group, Mailbox,
    redis::{RedisHost, RedisOptions},
    wire::{
        Address, Format, Value,
        vectors::{alike, body_of, codec, read},
    },
};

/// A layer with the settings of a case, and its servers' names.
fn shared(config: &Value) -> Shared {
    let mut options = RedisOptions::new(RedisHost::url("redis://127.0.0.1").unwrap());
    if let Some(prefix) = config.field("prefix") {
        options = options.prefix(prefix.text());
    }
    if let Some(keys) = config.field("symmetric_encryption_keys") {
        options = options.encryption_keys(keys.list().iter().map(Value::text));
    }
    let mut shared = Arc::into_inner(Shared::new(&options)).unwrap();
    shared.codec.format = codec(config).format;
    shared
}

/// A channel's name as channels_redis has it, which has whatever prefix the layer has.
fn channel(name: &str) -> ChannelName {
    match name.rsplit_once(':') {
        Some((prefix, rest)) => ChannelName::prefixed(&format!("{prefix}:"), rest).unwrap(),
        None => ChannelName::new(name).unwrap(),
    }
}

/// Where what is sent to a channel or a group is published.
fn topic(shared: &Shared, operation: &str, target: &str) -> String {
    match operation {
        "send" => channel(target).to_string(),
        "group_send" => shared.registry.names.of_group(&Group::named(target).unwrap()),
        other => panic!("no operation {other}"),
    }
}

/// What the server is told now, as commands.
fn told(shared: &Shared) -> Vec<(String, String)> {
    let changes = shared.registry.take_changes(0);
    shared.registry.settled(0, &changes.subscribe, Place::Present);
    shared.registry.settled(0, &changes.unsubscribe, Place::Absent);
    let command = |word: &str, topics: Vec<String>| {
        topics.into_iter().map(|topic| (word.to_owned(), topic)).collect::<Vec<_>>()
    };
    [command("SUBSCRIBE", changes.subscribe), command("UNSUBSCRIBE", changes.unsubscribe)].concat()
}

/// What channels_redis told it.
fn wanted(step: &Value) -> Vec<(String, String)> {
    let commands = step.at("commands").list().iter().map(|command| command.at("args").list());
    commands.map(|args| (args[0].text().to_owned(), args[1].text().to_owned())).collect()
}

#[test]
fn vectors_of_steps_tell_redis_the_same() {
    let mut compared = 0;

    for case in read("pubsub.json").at("cases").list() {
        let shared = shared(case.at("config"));
        let registry = &shared.registry;
        let mut mailboxes: HashMap<String, Mailbox> = HashMap::new();
        for step in case.at("steps").list() {
            let args = step.at("args").list();
            let mut commands = Vec::new();
            match step.at("do").text() {
                "new_channel" => {
                    // by its name, since that is random
                    let mailbox = shared.mailbox(&channel(step.at("result").text()));
                    registry.open(&mailbox).unwrap();
                    mailboxes.insert(mailbox.name().to_string(), mailbox);
                }
                "group_add" => {
                    let (group, channel) = (Group::named(args[0].text()).unwrap(), channel(args[1].text()));
                    registry.joins(&group, &channel).unwrap();
                    registry.joined(&group, &channel, true);
                }
                "group_discard" => {
                    registry.leaves(&Group::named(args[0].text()).unwrap(), &channel(args[1].text()));
                }
                "cancel receive" => registry.close_channel(&channel(args[0].text())),
                publishes @ ("send" | "group_send") => {
                    let topic = topic(&shared, publishes, args[0].text());
                    commands.push(("PUBLISH".to_owned(), topic.clone()));
                    let message = step.at("commands").list()[0].at("args").list()[2].untagged().unwrap();
                    let Value::Bytes(message) = message else { panic!("{step:?}") };
                    shared.hand_out(&topic, message);
                }
                "receive" => {
                    let got = mailboxes.get_mut(args[0].text()).unwrap().try_recv().unwrap();
                    let got = Format::MessagePack.deserialize(&got.to_msgpack().unwrap()).unwrap();
                    assert_eq!(Value::Map(got), *step.at("result"), "{step:?}");
                }
                other => panic!("no step {other}"),
            }
            commands.extend(told(&shared));
            assert_eq!(commands, wanted(step), "{step:?}");
            compared += 1;
        }
        assert_eq!(registry.stats().topics, 1, "the channel that nobody cancelled");
    }
    assert!(compared >= 40, "only {compared} steps");
}

#[test]
fn vectors_of_what_is_published_are_written_byte_for_byte_and_read() {
    let (mut compared, mut envelopes) = (0, 0);

    for case in read("pubsub.json").at("cases").list() {
        let shared = shared(case.at("config"));
        for published in case.at("published").list() {
            let topic = topic(&shared, published.at("op").text(), published.at("target").text());
            assert_eq!(topic, published.at("redis_channel").text());

            let message = published.at("message").untagged().unwrap();
            let payload = published.at("payload_b64").base64();
            let body = body_of(&shared.codec, message.map(), &Address::Implied);
            let wanted = published.field("body_b64").map_or_else(|| payload.clone(), Value::base64);
            assert_eq!(Bytes::from(body), wanted, "{published:?}");

            let values = shared.codec.values(payload.clone(), 0).unwrap();
            assert!(alike(&Value::Map(values), &message), "{published:?}");
            if message.map().get("type").is_some() {
                let envelope = shared.codec.read(payload.clone()).unwrap().envelope;
                let written = shared.codec.write(&envelope, &Address::Implied).unwrap();
                if shared.codec.fernet.is_none() && matches!(shared.codec.format, Format::MessagePack) {
                    assert_eq!(written, payload, "{published:?}");
                }
                let again = shared.codec.values(written, 0).unwrap();
                assert!(alike(&Value::Map(again), &message), "{published:?}");
                envelopes += 1;
            }
            compared += 1;
        }
    }
    assert!(compared >= 80 && envelopes >= 50, "only {compared} messages, {envelopes} events");
}

#[test]
fn vectors_of_several_servers_are_on_the_same() {
    let mut compared = 0;

    for row in read("pubsub.json").at("shards").list() {
        let (group, channel) = (Group::named(row.at("group").text()).unwrap(), row.at("channel").text());
        for (servers, shard) in row.at("shards").map().iter() {
            let (names, map) = (Names::new("asgi"), Map::Ring(servers.parse().unwrap()));
            assert_eq!(
                map.server_of(&names.of_group(&group)) as u64,
                shard.at("group_send").int(),
                "{row:?}"
            );
            assert_eq!(map.server_of(channel) as u64, shard.at("send").int(), "{row:?}");
            compared += 2;
        }
    }
    assert!(compared >= 100, "only {compared} names");
}

#[test]
fn new_channels_are_named_as_channels_redis_names_them() {
    let names = Names::new("other:app");
    let theirs = channel(read("pubsub.json").at("cases").list()[1].at("steps").list()[0].at("result").text());

    let ours = names.new_channel("specific").unwrap();

    assert_eq!(ours.as_str().len(), theirs.as_str().len());
    assert_eq!(ours.as_str().rsplit_once('.').unwrap().0, theirs.as_str().rsplit_once('.').unwrap().0);
    assert!(names.is_own(&ours) && !names.is_own(&theirs));
    assert!(!Names::new("other:app").is_own(&ours), "it is another process's");
}

#[test]
fn a_channel_that_is_called_as_a_group_is_published_gets_it_too() {
    let shared = shared(&Value::Map(Default::default()));
    let name = channel("asgi__group__room");
    let (mailbox, _) = shared.registry.receive(&name, || shared.mailbox(&name)).unwrap();
    let (_, mut subscriber, _) = shared
        .registry
        .subscribe(&Group::named("room").unwrap(), channel("asgispecific.x"), shared.time_limit)
        .unwrap();
    told(&shared);
    let event = Envelope::from_msgpack(Bytes::from_static(b"\x81\xa4type\xa3a.b")).unwrap();

    drop(mailbox);
    shared.registry.close_channel(&name);
    assert_eq!(told(&shared), [], "the group is still wanted");
    shared.registry.deliver("asgi__group__room", &event);

    assert_eq!(subscriber.try_recv().unwrap().kind(), "a.b");
}
