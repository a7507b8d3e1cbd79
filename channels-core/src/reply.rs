//! The error frame: how a JSON consumer tells its client that a message failed.

use serde::Serialize;

use crate::Error;

/// `{"type": "error", "code": "bad_message", "message": "..."}`, with the `ref` of the message that it answers.
#[derive(Debug, Serialize)]
pub(crate) struct ErrorFrame<'a> {
    r#type: &'static str,
    code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#ref: Option<&'a str>,
}

impl<'a> ErrorFrame<'a> {
    /// What a client may know of `error`: all of a reply, else only that something failed.
    pub(crate) fn new(error: &'a Error) -> Self {
        let (code, message) = error.as_reply().unwrap_or(("internal", "the server could not do this"));
        Self { r#type: "error", code, message, r#ref: error.answers() }
    }

    pub(crate) fn to_json(&self) -> String {
        serde_json::json!(self).to_string()
    }
}
