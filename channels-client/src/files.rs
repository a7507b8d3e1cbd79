//! The modules, built into the program.

use std::{collections::HashMap, sync::LazyLock};

use actix_web::http::header::EntityTag;

/// A module as it is served.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) content: &'static str,
    pub(crate) tag: EntityTag,
}

impl File {
    fn new(content: &'static str) -> Self {
        Self { content, tag: EntityTag::new_strong(format!("{:016x}", digest(content))) }
    }
}

/// By name.
pub(crate) static FILES: LazyLock<HashMap<&'static str, File>> =
    LazyLock::new(|| CONTENTS.iter().map(|&(name, content)| (name, File::new(content))).collect());

macro_rules! contents {
    ($($name:literal)+) => {
        const CONTENTS: &[(&str, &str)] = &[$(($name, include_str!(concat!("../js/", $name)))),+];
    };
}

contents! {
    "backoff.js" "codes.js" "connection.js" "conversation.js" "errors.js" "events.js" "heartbeat.js" "index.js"
    "link.js" "options.js" "page.js" "polling.js" "query.js" "queue.js" "react.js" "refresh.js" "requests.js"
    "socket.js" "stats.js" "tabs.js" "token.js" "url.js"
}

/// FNV-1a: the same in every process of a site, and in every build.
fn digest(content: &str) -> u64 {
    content.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    #[test]
    fn every_module_is_served() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("js");

        let there: BTreeSet<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();

        assert_eq!(there, FILES.keys().map(|&name| name.to_owned()).collect());
    }

    #[test]
    fn the_digest_is_fnv_1a() {
        // from the reference implementation's test vectors
        assert_eq!(digest(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(digest("foobar"), 0x8594_4171_f739_67e8);
    }
}
