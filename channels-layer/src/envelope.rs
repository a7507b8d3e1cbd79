//! One event under way: written at most once, read at most once, however many get it.

use std::{
    any::{Any, type_name},
    borrow::Cow,
    fmt,
    ops::Deref,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use bytestring::ByteString;

use crate::{
    Event, EventError,
    wire::{
        Message,
        deflate::Window,
        msgpack, tagged,
        websocket::{self, Opcode},
    },
};

/// An event under way.
///
/// It holds, each made when first asked for and then shared by all clones: the typed value, its MessagePack
/// body (what Redis carries), its JSON text, and a ready WebSocket text frame, plain and compressed. An event
/// that is sent and received in one process as the same type is never encoded for the way, and never decoded.
#[derive(Clone)]
pub struct Envelope(Arc<Inner>);

struct Inner {
    kind: Cow<'static, str>,
    origin: Origin,
    /// When it was sent in this process, or came to it.
    since: Instant,
    body: OnceLock<Bytes>,
    decoded: OnceLock<Arc<dyn Content>>,
    /// The event as further types of the same name. Rare: two consumers that disagree on a type.
    others: Mutex<Vec<Arc<dyn Content>>>,
}

enum Origin {
    Value(Arc<dyn Content>),
    Wire(Bytes),
}

/// An event as one Rust type, and what was made of it.
struct Typed<E> {
    value: E,
    json: OnceLock<ByteString>,
    frame: OnceLock<Bytes>,
    compressed: OnceLock<Bytes>,
}

trait Content: Any + Send + Sync {
    fn to_msgpack(&self) -> Result<Bytes, EventError>;
}

impl<E: Event> Content for Typed<E> {
    fn to_msgpack(&self) -> Result<Bytes, EventError> {
        msgpack::to_body(&self.value)
    }
}

impl<E: Event> Typed<E> {
    fn new(value: E) -> Arc<Self> {
        let (json, frame, compressed) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Arc::new(Self { value, json, frame, compressed })
    }
}

impl Envelope {
    /// Puts an event into an envelope.
    pub fn new<E: Event>(event: E) -> Self {
        Self::from_origin(Cow::Borrowed(E::TYPE), Origin::Value(Typed::new(event)))
    }

    /// Takes an event as another process wrote it: a MessagePack map with a `type`, without any prefix.
    ///
    /// # Errors
    ///
    /// [`EventError::Malformed`] if the bytes are no such map, or one more than 128 levels deep.
    pub fn from_msgpack(body: Bytes) -> Result<Self, EventError> {
        Ok(Self::from_parts(msgpack::Parts::of(body)?))
    }

    /// Takes an event as a program writes it that knows no types: a JSON object with a `type`.
    ///
    /// # Errors
    ///
    /// [`EventError::Malformed`] if the text is no such object, or one more than 127 levels deep.
    ///
    /// ```
    /// use channels_layer::Envelope;
    ///
    /// let envelope = Envelope::from_json(br#"{"type": "chat.message", "text": "hello"}"#)?;
    /// assert_eq!(envelope.kind(), "chat.message");
    /// # Ok::<_, channels_layer::EventError>(())
    /// ```
    pub fn from_json(text: &[u8]) -> Result<Self, EventError> {
        let malformed = |error: serde_json::Error| EventError::Malformed(error.into());
        let message: Message = serde_json::from_slice(text).map_err(malformed)?;
        Self::from_message(&message)
    }

    /// Takes an event as a map of plain values, one of which is its `type`.
    ///
    /// # Errors
    ///
    /// [`EventError::Malformed`] if it has no `type`, or is more than 127 levels deep.
    pub fn from_message(message: &Message) -> Result<Self, EventError> {
        let body = msgpack::write(message).map_err(EventError::Malformed)?;
        Self::from_msgpack(body.into())
    }

    /// A message that was taken apart. Its address is no part of the event.
    pub(crate) fn from_parts(parts: msgpack::Parts) -> Self {
        Self::from_origin(Cow::Owned(parts.kind), Origin::Wire(parts.body))
    }

    fn from_origin(kind: Cow<'static, str>, origin: Origin) -> Self {
        Self(Arc::new(Inner {
            kind,
            origin,
            since: Instant::now(),
            body: OnceLock::new(),
            decoded: OnceLock::new(),
            others: Mutex::default(),
        }))
    }

    /// How long ago it was sent, or, where another process did that, came from the layer's server.
    pub fn age(&self) -> Duration {
        self.0.since.elapsed()
    }

    /// The event's wire name, Django's `type`.
    pub fn kind(&self) -> &str {
        &self.0.kind
    }

    /// The event as a MessagePack map with its `type`, as channels_redis writes it.
    ///
    /// # Errors
    ///
    /// [`EventError::Encode`] if it does not serialize to a map.
    pub fn to_msgpack(&self) -> Result<Bytes, EventError> {
        match (&self.0.origin, self.0.body.get()) {
            (Origin::Wire(body), _) | (Origin::Value(_), Some(body)) => Ok(body.clone()),
            (Origin::Value(content), None) => {
                let body = content.to_msgpack()?;
                Ok(self.0.body.get_or_init(|| body).clone())
            }
        }
    }

    /// The event as an `E`.
    ///
    /// # Errors
    ///
    /// [`EventError::Decode`] if it came from elsewhere and is no `E`.
    pub fn open<E: Event>(&self) -> Result<Received<E>, EventError> {
        let content = match &self.0.origin {
            Origin::Value(content) => content,
            Origin::Wire(_) => match self.0.decoded.get() {
                Some(content) => content,
                None => {
                    let typed = self.decode::<E>()?;
                    self.0.decoded.get_or_init(|| typed)
                }
            },
        };
        match downcast(content) {
            Some(typed) => Ok(Received { typed, envelope: self.clone() }),
            None => self.open_as_another(),
        }
    }

    fn open_as_another<E: Event>(&self) -> Result<Received<E>, EventError> {
        let mut others = self.0.others.lock().unwrap_or_else(PoisonError::into_inner);
        let typed = match others.iter().find_map(downcast) {
            Some(typed) => typed,
            None => {
                let typed = self.decode::<E>()?;
                others.push(typed.clone());
                typed
            }
        };
        Ok(Received { typed, envelope: self.clone() })
    }

    fn decode<E: Event>(&self) -> Result<Arc<Typed<E>>, EventError> {
        let value = msgpack::from_body(&self.to_msgpack()?).map_err(|source| EventError::Decode {
            kind: self.kind().to_owned(),
            expected: type_name::<E>(),
            source: source.into(),
        })?;
        Ok(Typed::new(value))
    }
}

fn downcast<E: Event>(content: &Arc<dyn Content>) -> Option<Arc<Typed<E>>> {
    let any: Arc<dyn Any + Send + Sync> = content.clone();
    any.downcast().ok()
}

impl fmt::Debug for Envelope {
    /// The name alone: what is inside may be private.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope").field("kind", &self.kind()).finish_non_exhaustive()
    }
}

/// An event as a handler gets it: the typed value, and the envelope it came in.
///
/// ```
/// use channels_layer::{Envelope, Event, Received};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Renamed { name: String }
/// impl Event for Renamed { const TYPE: &str = "user.renamed"; }
///
/// let received: Received<Renamed> = Envelope::new(Renamed { name: "Ann".to_owned() }).open()?;
/// assert_eq!(received.name, "Ann");
/// assert_eq!(received.json()?, r#"{"type":"user.renamed","name":"Ann"}"#);
/// # Ok::<_, channels_layer::EventError>(())
/// ```
pub struct Received<E> {
    typed: Arc<Typed<E>>,
    envelope: Envelope,
}

impl<E: Event> Received<E> {
    /// The envelope, to send the event on as it came.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The event as JSON for a client: its fields, and its `type`. Made once for all who get it.
    ///
    /// # Errors
    ///
    /// [`EventError::Encode`] if it does not serialize to a map.
    pub fn json(&self) -> Result<ByteString, EventError> {
        if let Some(json) = self.typed.json.get() {
            return Ok(json.clone());
        }
        let json = tagged::to_json(&self.typed.value)?;
        Ok(self.typed.json.get_or_init(|| json).clone())
    }

    /// [`json`](Self::json) as a WebSocket text frame, ready to be written. Made once for all who get it.
    ///
    /// # Errors
    ///
    /// [`EventError::Encode`] if it does not serialize to a map.
    pub fn frame(&self) -> Result<Bytes, EventError> {
        if let Some(frame) = self.typed.frame.get() {
            return Ok(frame.clone());
        }
        let frame = websocket::text(&self.json()?);
        Ok(self.typed.frame.get_or_init(|| frame).clone())
    }

    /// [`frame`](Self::frame) compressed, for clients that agreed to that (permessage-deflate, RFC 7692), without
    /// context. Made once for all who get it. Where that saves nothing, it is the plain frame.
    ///
    /// # Errors
    ///
    /// [`EventError::Encode`] if it does not serialize to a map.
    pub fn compressed_frame(&self) -> Result<Bytes, EventError> {
        if let Some(frame) = self.typed.compressed.get() {
            return Ok(frame.clone());
        }
        let compressed = websocket::compressed(Opcode::Text, self.json()?.as_bytes(), Window::default());
        let frame = match compressed {
            Some(frame) => frame,
            None => self.frame()?,
        };
        Ok(self.typed.compressed.get_or_init(|| frame).clone())
    }
}

impl<E> Clone for Received<E> {
    fn clone(&self) -> Self {
        Self { typed: self.typed.clone(), envelope: self.envelope.clone() }
    }
}

impl<E> Deref for Received<E> {
    type Target = E;

    fn deref(&self) -> &E {
        &self.typed.value
    }
}

impl<E> fmt::Debug for Received<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Received").field(&self.envelope).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Note {
        text: String,
        id: i64,
        data: Bytes,
        nested: BTreeMap<String, Vec<i64>>,
    }
    impl Event for Note {
        const TYPE: &str = "note.made";
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Brief {
        text: String,
    }
    impl Event for Brief {
        const TYPE: &str = "note.made";
    }

    fn note() -> Note {
        Note {
            text: "grün".into(),
            id: i64::MIN,
            data: Bytes::from_static(b"\x00\xff"),
            nested: BTreeMap::from([("a".into(), vec![1, i64::MAX])]),
        }
    }

    #[test]
    fn an_event_is_opened_as_what_was_put_in() {
        let envelope = Envelope::new(note());

        assert_eq!(envelope.kind(), "note.made");
        assert_eq!(*envelope.open::<Note>().unwrap(), note());
        assert!(envelope.0.body.get().is_none(), "it was encoded on the way");
    }

    #[test]
    fn bytes_big_integers_and_nested_maps_survive_the_wire() {
        let body = Envelope::new(note()).to_msgpack().unwrap();

        let arrived = Envelope::from_msgpack(body).unwrap();

        assert_eq!(*arrived.open::<Note>().unwrap(), note());
    }

    #[test]
    fn all_who_open_an_envelope_share_one_value() {
        let arrived = Envelope::from_msgpack(Envelope::new(note()).to_msgpack().unwrap()).unwrap();

        let (first, second) = (arrived.open::<Note>().unwrap(), arrived.clone().open::<Note>().unwrap());

        assert!(std::ptr::eq(&*first, &*second), "it was decoded twice");
        assert_eq!(first.frame().unwrap().as_ptr(), second.frame().unwrap().as_ptr(), "it was framed twice");
        let compressed = [&first, &second].map(|event| event.compressed_frame().unwrap().as_ptr());
        assert_eq!(compressed[0], compressed[1], "it was compressed twice");
    }

    #[test]
    fn an_event_opened_as_another_type_of_its_name_goes_by_the_wire() {
        let envelope = Envelope::new(note());

        let (first, second) = (envelope.open::<Brief>().unwrap(), envelope.open::<Brief>().unwrap());

        assert_eq!(*first, Brief { text: "grün".into() });
        assert!(std::ptr::eq(&*first, &*second), "it was decoded twice");
    }

    #[test]
    fn a_missing_field_is_a_typed_error() {
        let error = Envelope::new(Brief { text: "hi".into() }).open::<Note>().unwrap_err();

        assert!(matches!(error, EventError::Decode { kind, .. } if kind == "note.made"));
    }

    #[test]
    fn the_json_of_an_event_names_its_type() {
        let envelope = Envelope::new(Brief { text: "hi".into() });

        assert_eq!(envelope.open::<Brief>().unwrap().json().unwrap(), r#"{"type":"note.made","text":"hi"}"#);
    }

    #[test]
    fn an_event_so_deep_that_it_would_overflow_the_stack_is_refused() {
        #[derive(Serialize, Deserialize)]
        struct Deep {
            a: serde_json::Value,
        }
        impl Event for Deep {
            const TYPE: &str = "x";
        }
        let deep = |levels: usize| {
            let body = [&b"\x82\xa4type\xa1x\xa1a"[..], &vec![0x91; levels], b"\xc0"].concat();
            Envelope::from_msgpack(body.into())?.open::<Deep>()
        };

        assert!(deep(110).unwrap().a.is_array());
        for levels in [129, 1_000, 100_000] {
            assert!(deep(levels).is_err(), "{levels} levels");
        }
    }

    #[test]
    fn what_is_no_event_is_refused() {
        for body in [&b""[..], b"\xc1", b"\x93\x01\x02\x03", b"\x81\xa1a\x01", b"\x81\xa4type\x01"] {
            assert!(matches!(
                Envelope::from_msgpack(Bytes::from_static(body)),
                Err(EventError::Malformed(_))
            ));
        }
    }
}
