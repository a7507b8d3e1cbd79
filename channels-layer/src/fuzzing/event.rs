//! Any bytes as an event that another process wrote.

use std::{collections::BTreeMap, fmt::Debug};

use bytes::Bytes;
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::Value;

use crate::{Envelope, Event, wire::websocket};

/// The input: what stands in Redis, without its prefix.
///
/// It is a map with a `type`, or refused. As whichever type it can be opened, it can be sent on as JSON, framed, and
/// compressed, and comes through MessagePack again as it was. As it came, it goes on unchanged.
pub fn event(body: &[u8]) {
    let body = Bytes::copy_from_slice(body);
    let Ok(envelope) = Envelope::from_msgpack(body.clone()) else { return };

    assert_eq!(envelope.to_msgpack().unwrap(), body);
    assert_opens_as::<Note>(&envelope);
    assert_opens_as::<Either>(&envelope);
    assert_opens_as::<Tree>(&envelope);
    assert_opens_as::<Anything>(&envelope);
    assert_opens_as::<Nothing>(&envelope);
    assert_eq!(envelope.to_msgpack().unwrap(), body, "it was changed by being opened");
}

fn assert_opens_as<E: Event + Clone + Debug + PartialEq>(envelope: &Envelope) {
    let Ok(event) = envelope.open::<E>() else { return };

    let json = event.json().unwrap();
    // a variant is one level in MessagePack and two in JSON: it is read without going into it
    let read: Head = serde_json::from_str(&json).unwrap();
    assert_eq!(read.r#type, E::TYPE);
    assert_eq!(event.frame().unwrap(), websocket::text(&json));
    assert!(event.compressed_frame().unwrap().len() <= event.frame().unwrap().len());

    // as it was sent on by a process that made it
    let sent = Envelope::new(E::clone(&event));
    let arrived = Envelope::from_msgpack(sent.to_msgpack().unwrap()).unwrap();
    assert_eq!(arrived.kind(), E::TYPE);
    assert_eq!(*arrived.open::<E>().unwrap(), *event);
}

/// What every event has in JSON.
#[derive(Deserialize)]
struct Head {
    r#type: String,
}

/// What most events are made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Note {
    text: String,
    id: i64,
    #[serde(default)]
    big: u64,
    #[serde(default)]
    data: Bytes,
    #[serde(default)]
    nested: BTreeMap<String, Vec<Option<bool>>>,
}

impl Event for Note {
    const TYPE: &str = "note";
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Either {
    which: Which,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Which {
    Nothing,
    One(i32),
    Two(String, char),
    Named { a: Box<Which> },
}

impl Event for Either {
    const TYPE: &str = "either";
}

/// As deep as it is sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Tree {
    below: Vec<Tree>,
}

impl Event for Tree {
    const TYPE: &str = "tree";
}

/// Whatever else there is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Anything {
    #[serde(skip_serializing, rename = "type")]
    _kind: IgnoredAny,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

impl Event for Anything {
    const TYPE: &str = "anything";
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Nothing {}

impl Event for Nothing {
    const TYPE: &str = "nothing";
}
