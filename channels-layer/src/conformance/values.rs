//! An event arrives as it was sent.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
};

use super::{run::Maker, subject::group};
use crate::{Envelope, Event, Retention};

/// One of everything that an event may hold in Django Channels too.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    text: String,
    bytes: Binary,
    integers: Vec<i64>,
    floats: Vec<f64>,
    truths: (bool, bool),
    nothing: Option<String>,
    empty: Vec<String>,
    nested: BTreeMap<String, Vec<BTreeMap<String, Option<i64>>>>,
}

impl Event for Everything {
    const TYPE: &str = "conformance.everything";
}

impl Everything {
    fn sample() -> Self {
        let inner = BTreeMap::from([("known".into(), Some(-1)), ("unknown".into(), None)]);
        Self {
            text: "\0 \n \" gr\u{fc}n \u{65e5}\u{672c} \u{1f44d}".into(),
            bytes: Binary((0..=u8::MAX).collect()),
            integers: vec![0, -1, i64::MIN, i64::MAX],
            floats: vec![0.0, -0.5, 0.1, 1e300, f64::MIN_POSITIVE, f64::INFINITY],
            truths: (true, false),
            nothing: None,
            empty: Vec::new(),
            nested: BTreeMap::from([("list".into(), vec![inner, BTreeMap::new()])]),
        }
    }
}

/// Bytes that are written as bytes, and not as a list of numbers.
#[derive(Debug, PartialEq)]
struct Binary(Vec<u8>);

impl Serialize for Binary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Binary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AsBytes;
        impl Visitor<'_> for AsBytes {
            type Value = Binary;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Binary, E> {
                Ok(Binary(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(AsBytes)
    }
}

/// An event that is large.
#[derive(Serialize, Deserialize)]
struct Large {
    text: String,
}

impl Event for Large {
    const TYPE: &str = "conformance.large";
}

/// What a receiver takes an event for is told by the name it was sent with.
pub async fn an_event_arrives_with_its_wire_name(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let mut listener = layer.listener().await;

    layer.layer().send(listener.name(), Everything::sample()).await.expect("an event was refused");

    assert_eq!(listener.envelope().await.kind(), Everything::TYPE);
}

/// Text, bytes, 64-bit integers, floats, truth values, nothing, lists and maps arrive as they were sent, to a
/// channel and to a group.
pub async fn values_of_every_type_survive(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let room = group("room");
    let mut member = layer.member(&room).await;

    layer.layer().send(member.name(), Everything::sample()).await.expect("an event was refused");
    layer.layer().group_send(&room, Everything::sample()).await.expect("an event was refused");

    for _ in 0..2 {
        let event = member.envelope().await.open::<Everything>().expect("an event arrived damaged");
        assert_eq!(*event, Everything::sample());
    }
}

/// An event may have a mebibyte, as the specification of channel layers says.
pub async fn an_event_of_one_mebibyte_survives(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let mut listener = layer.listener().await;
    let text = "0123456789abcdef".repeat(1 << 16);

    layer.layer().send(listener.name(), Large { text: text.clone() }).await.expect("an event was refused");

    let event = listener.envelope().await.open::<Large>().expect("an event arrived damaged");
    assert!(event.text == text, "an event of {} bytes arrived with {}", text.len(), event.text.len());
}

/// What another process wrote is passed on whole, even if nobody here knows its type.
pub async fn an_event_that_came_from_elsewhere_is_passed_on(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let room = group("room");
    let mut member = layer.member(&room).await;
    let written = Envelope::new(Everything::sample()).to_msgpack().expect("the event does not serialize");
    let arrived = Envelope::from_msgpack(written).expect("the event cannot be read");

    layer.layer().forward(&room, arrived).await.expect("an event was refused");

    let envelope = member.envelope().await;
    assert_eq!(envelope.kind(), Everything::TYPE);
    assert_eq!(*envelope.open::<Everything>().expect("an event arrived damaged"), Everything::sample());
}
