//! What must not be in any log: `cargo xtask test` looks.

use std::{
    collections::HashSet,
    fs::File,
    io::Write,
    sync::{LazyLock, Mutex},
};

use super::log;

/// Shorter ones are words of the tests, which stand in logs for other reasons.
const SHORTEST: usize = 16;

static NOTED: LazyLock<Option<Mutex<Noted>>> =
    LazyLock::new(|| log::file("secrets").map(|file| Mutex::new(Noted { file, seen: HashSet::new() })));

struct Noted {
    file: File,
    seen: HashSet<String>,
}

/// Notes a secret that is in use from now on.
pub(crate) fn note(kind: &str, secret: &str) {
    log::start_file();
    let Some(noted) = &*NOTED else { return };
    let differ = secret.bytes().collect::<HashSet<_>>().len();
    if secret.len() < SHORTEST || differ < SHORTEST / 2 {
        return;
    }
    let mut noted = noted.lock().unwrap();
    if noted.seen.insert(secret.to_owned()) {
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        writeln!(noted.file, "{kind}\t{hex}").unwrap();
    }
}

/// Notes what a request to connect brings, wherever it stands in it, and whether it is good or not.
pub(super) fn note_request(url: &str, headers: &[(&'static str, &str)]) {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    for token in query.split('&').filter_map(|pair| pair.strip_prefix("token=")) {
        note("a token in a URL", token);
    }
    for (name, value) in headers {
        match name.to_ascii_lowercase().as_str() {
            "authorization" => value.split(' ').for_each(|word| note("a header's credential", word)),
            "sec-websocket-protocol" => value.split(", ").for_each(|word| note("a subprotocol", word)),
            "cookie" => value
                .split("; ")
                .filter_map(|pair| pair.split_once('='))
                .for_each(|(_, value)| note("a cookie", value.trim_matches('"'))),
            _ => {}
        }
    }
}

/// Notes what a first message brings.
pub(super) fn note_message(text: &str) {
    let Ok(message) = serde_json::from_str::<serde_json::Value>(text) else { return };
    if message["type"] == "authenticate" {
        note("a first message's credential", message["token"].as_str().unwrap_or_default());
    }
}
