//! What channels_redis writes, reads and refuses, message by message.

use std::{env, fs, path::PathBuf, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::{ADDRESS, Address, Codec, Fernet, Format, Message, Value, msgpack};
use crate::Envelope;

/// A file of vectors. Its maps keep the order they have there.
pub(crate) fn read(file: &str) -> Value {
    let directory = env::var_os("CHANNELS_VECTORS").map_or_else(
        || concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/django/vectors").into(),
        PathBuf::from,
    );
    // not serde_json: its floats may be off by their last bit
    Value::Map(Format::Json.deserialize(&fs::read(directory.join(file)).unwrap().into()).unwrap())
}

impl Value {
    /// A field that is there.
    #[track_caller]
    pub(crate) fn at(&self, key: &str) -> &Value {
        self.field(key).unwrap_or_else(|| panic!("no {key:?} in {self:?}"))
    }

    pub(crate) fn field(&self, key: &str) -> Option<&Value> {
        self.map().get(key)
    }

    #[track_caller]
    pub(crate) fn map(&self) -> &Message {
        let Self::Map(message) = self else { panic!("no map: {self:?}") };
        message
    }

    #[track_caller]
    pub(crate) fn text(&self) -> &str {
        let Self::Text(text) = self else { panic!("no text: {self:?}") };
        text
    }

    #[track_caller]
    pub(crate) fn list(&self) -> &[Value] {
        let Self::List(items) = self else { panic!("no list: {self:?}") };
        items
    }

    #[track_caller]
    pub(crate) fn float(&self) -> f64 {
        match self {
            Self::Float(number) => *number,
            Self::Integer(number) => *number as f64,
            other => panic!("no number: {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn int(&self) -> u64 {
        let Self::Integer(number) = self else { panic!("no integer: {self:?}") };
        (*number).try_into().unwrap()
    }

    #[track_caller]
    pub(crate) fn base64(&self) -> Bytes {
        STANDARD.decode(self.text()).unwrap().into()
    }

    /// The value that this is the tagged form of, which JSON cannot say. `None` for what we have no word for.
    pub(crate) fn untagged(&self) -> Option<Value> {
        let message = match self {
            Self::Map(message) => message,
            Self::List(items) => {
                return items.iter().map(Self::untagged).collect::<Option<_>>().map(Self::List);
            }
            other => return Some(other.clone()),
        };
        let mut entries = message.iter();
        if let (Some((tag, value)), None) = (entries.next(), entries.next()) {
            match tag {
                "$bytes_b64" => return Some(Self::Bytes(value.base64())),
                "$float" => return Some(Self::Float(value.text().parse().unwrap())),
                "$int" => return Some(Self::Integer(value.text().parse().unwrap())),
                "$pairs" | "$set" => return None,
                "$ext" => {
                    let [Self::Integer(kind), data] = value.list() else { panic!("{value:?}") };
                    return Some(Self::Extension(
                        (*kind).try_into().unwrap(),
                        data.at("$bytes_b64").base64(),
                    ));
                }
                "$timestamp" => {
                    let seconds = u32::try_from(value.list()[0].int()).unwrap();
                    assert_eq!(value.list()[1], Self::Integer(0), "only whole seconds are read here");
                    return Some(Self::Extension(-1, Bytes::copy_from_slice(&seconds.to_be_bytes())));
                }
                _ => {}
            }
        }
        let entries = message.iter().map(|(key, value)| Some((key.to_owned(), value.untagged()?)));
        entries.collect::<Option<_>>().map(Self::Map)
    }
}

fn format(name: &Value) -> Format {
    match name.text() {
        "msgpack" => Format::MessagePack,
        "json" => Format::Json,
        other => panic!("no format {other}"),
    }
}

/// The codec of a layer with these settings.
pub(crate) fn codec(config: &Value) -> Codec {
    let keys = config.field("symmetric_encryption_keys");
    let keys: Vec<_> = keys.into_iter().flat_map(Value::list).map(|key| key.text().to_owned()).collect();
    Codec {
        format: config.field("serializer_format").map_or(Format::MessagePack, format),
        fernet: Fernet::of(&keys),
        random_prefix: config.field("random_prefix_length").map_or(12, |length| length.int() as usize),
        ttl: None,
    }
}

/// Floats are compared as numbers, and one NaN is like another.
pub(crate) fn alike(one: &Value, other: &Value) -> bool {
    format!("{one:?}") == format!("{other:?}")
}

/// What is written after the random bytes, before it is encrypted.
pub(crate) fn body_of(codec: &Codec, message: &Message, address: &Address) -> Vec<u8> {
    if let Format::MessagePack = codec.format {
        let (mut body, mut out) = (Vec::new(), Vec::new());
        body.extend(codec.format.serialize(message).unwrap());
        msgpack::with_address(&mut out, &body, address).unwrap();
        return out;
    }
    let mut message = message.clone();
    if *address != Address::Implied {
        message.insert(ADDRESS, address.to_value());
    }
    codec.format.serialize(&message).unwrap()
}

fn address_of(stored: &Value) -> Address {
    match stored.at("asgi_channel") {
        Value::Nil => Address::Implied,
        other => Address::of(Some(other.clone())),
    }
}

#[test]
fn vectors_of_stored_messages_are_written_byte_for_byte() {
    let mut compared = 0;

    for file in ["default", "prefix", "json", "short_random"] {
        let vectors = read(&format!("core_messages_{file}.json"));
        let codec = codec(vectors.at("config"));
        for case in vectors.at("cases").list() {
            let message = case.at("message").untagged().unwrap();
            for stored in case.at("stored").list() {
                let body = body_of(&codec, message.map(), &address_of(stored));
                assert_eq!(Bytes::from(body), stored.at("body_b64").base64(), "{file}: {case:?}");
                compared += 1;
            }
        }
    }
    assert!(compared >= 100, "only {compared} messages");
}

#[test]
fn vectors_of_stored_messages_are_read() {
    let files = ["core_messages_default", "core_messages_prefix", "core_messages_json"];
    let mut envelopes = 0;

    for file in files.into_iter().chain(["core_messages_short_random", "core_encryption"]) {
        let vectors = read(&format!("{file}.json"));
        for case in vectors.at("cases").list() {
            let mut codec = codec(vectors.at("config"));
            if let Some(name) = case.field("serializer_format") {
                codec.format = format(name);
            }
            let message = case.at("message").untagged().unwrap();
            for stored in case.at("stored").list() {
                let member = stored.at("member_b64").base64();
                let mut values = codec.values(member.clone(), 0).unwrap();
                let address = Address::of(values.remove(ADDRESS));
                assert_eq!(address, address_of(stored), "{file}: {case:?}");
                assert!(alike(&Value::Map(values), &message), "{file}: {case:?}");

                // an event has a type; what has none is nobody's
                let arrived = codec.read(member);
                match message.map().get("type") {
                    Some(Value::Text(kind)) => {
                        let arrived = arrived.unwrap();
                        assert_eq!(arrived.envelope.kind(), kind);
                        assert_eq!(arrived.address, address_of(stored));
                        let body = arrived.envelope.to_msgpack().unwrap();
                        assert!(
                            alike(&Value::Map(msgpack::read(&body).unwrap()), &message),
                            "{file}: {case:?}"
                        );
                        envelopes += 1;
                    }
                    _ => drop(arrived.unwrap_err()),
                }
            }
        }
    }
    assert!(envelopes >= 50, "only {envelopes} events");
}

#[test]
fn vectors_of_foreign_bodies_get_the_same_answer_as_from_django() {
    // a key that is bytes, and a message that is no map, are no event
    let stricter = ["bytes_key", "not_a_map"];
    let vectors = read("serializers.json");

    for case in vectors.at("cases").list() {
        let (name, format) = (case.at("name").text(), format(case.at("serializer_format")));
        let read = format.deserialize(&case.at("body_b64").base64());
        if stricter.contains(&name) {
            continue;
        }
        match case.at("ok") {
            Value::Bool(true) => {
                let wanted = case.at("message").untagged().unwrap();
                assert!(alike(&Value::Map(read.unwrap()), &wanted), "{case:?}");
            }
            _ => drop(read.expect_err(name)),
        }
    }
    for case in vectors.at("refused").list() {
        let Some(Value::Map(message)) = case.at("message").untagged() else { continue };
        if message.get(ADDRESS).is_some() {
            continue;
        }
        let written = format(case.at("serializer_format")).serialize(&message);
        match case.at("ok") {
            Value::Bool(true) => {
                assert_eq!(Bytes::from(written.unwrap()), case.at("body_b64").base64(), "{case:?}")
            }
            _ => drop(written.unwrap_err()),
        }
    }
}

#[test]
fn vectors_of_large_messages_are_written_byte_for_byte() {
    for case in read("serializers_large.json").at("cases").list() {
        let count = case.at("count").int() as usize;
        let message = match case.at("kind").text() {
            "map" => (0..count).map(|n| (n.to_string(), Value::Integer(n as i128))).collect(),
            kind => {
                let value = match (kind, case.at("filler").untagged().unwrap()) {
                    ("text", Value::Text(filler)) => Value::Text(filler.repeat(count)),
                    ("bytes", Value::Bytes(filler)) => Value::Bytes(filler.repeat(count).into()),
                    ("list", filler) => Value::List(vec![filler; count]),
                    other => panic!("{other:?}"),
                };
                Message::from_iter([("v".to_owned(), value)])
            }
        };

        let body = Format::MessagePack.serialize(&message).unwrap();

        assert_eq!(body.len() as u64, case.at("length").int(), "{case:?}");
        let digest: String = Sha256::digest(&body).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digest, case.at("sha256").text(), "{case:?}");
        assert_eq!(Format::MessagePack.deserialize(&body.into()).unwrap(), message);
    }
}

#[test]
fn vectors_of_encryption_are_opened_or_refused_as_by_channels_redis() {
    let vectors = read("core_encryption.json");

    for case in vectors.at("reading").list() {
        let keys = match case.at("keys") {
            Value::Nil => Vec::new(),
            keys => keys.list().iter().map(|key| key.text().to_owned()).collect(),
        };
        let codec = Codec {
            format: Format::MessagePack,
            fernet: Fernet::of(&keys),
            random_prefix: 12,
            ttl: Some(Duration::from_secs(case.at("expiry").int() + 10)),
        };
        let read = codec.values(case.at("member_b64").base64(), case.at("now").float() as u64);
        match case.at("ok") {
            Value::Bool(true) => {
                assert_eq!(Value::Map(read.unwrap()), case.at("message").untagged().unwrap())
            }
            _ => drop(read.expect_err(case.at("name").text())),
        }
    }
}

#[test]
fn what_is_written_is_read_in_every_format() {
    let body = b"\x82\xa4type\xa8a.little\xa1n\x07";
    for format in [Format::MessagePack, Format::Json] {
        for keys in [vec![], vec!["new".to_owned(), "old".to_owned()]] {
            for address in [Address::Implied, Address::One("a!b".into()), Address::Many(vec!["a!b".into()])] {
                let fernet = Fernet::of(&keys);
                let codec = Codec { format: format.clone(), fernet, random_prefix: 12, ttl: None };
                let event = Envelope::from_msgpack(Bytes::from_static(body)).unwrap();

                let arrived = codec.read(codec.write(&event, &address).unwrap()).unwrap();

                assert_eq!(arrived.envelope.to_msgpack().unwrap(), &body[..]);
                assert_eq!(arrived.address, address);
            }
        }
    }
}
