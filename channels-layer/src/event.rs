//! What an application sends: a struct with a name.

use serde::{Serialize, de::DeserializeOwned};

/// A message type that travels through a channel layer.
///
/// Implement it for a struct with named fields (`struct Ping {}` rather than `struct Ping;`). On the wire it
/// is a map of those fields and `type`, as in Django: a field of your own must not be called `type`.
/// Unknown fields are ignored when it is read, missing ones are an [`EventError`](crate::EventError).
///
/// ```
/// use channels_layer::Event;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct ChatMessage { from: String, text: String }
///
/// impl Event for ChatMessage { const TYPE: &str = "chat.message"; }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    note = "add `impl Event for {Self} {{ const TYPE: &str = \"its.name\"; }}`",
    note = "an event must also derive `serde::Serialize` and `serde::Deserialize`"
)]
pub trait Event: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The wire name, Django's `type`: `chat.message` reaches a Django consumer's method `chat_message`.
    const TYPE: &'static str;
}
