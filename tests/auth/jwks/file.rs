//! Keys in a file, which somebody replaces.

use std::{env, fs, path::PathBuf};

use channels_actix::*;
use tokio::task::yield_now;
use uuid::Uuid;

use super::*;
use crate::support::soon;

/// A file that is gone with the test.
struct KeyFile(PathBuf);

impl KeyFile {
    fn new() -> Self {
        Self(env::temp_dir().join(format!("channels-jwks-{}.json", Uuid::new_v4().simple())))
    }

    fn holds(&self, text: &str) {
        fs::write(&self.0, text).unwrap();
    }

    fn trusted(&self) -> (Jwt, Later) {
        let clock = Later::default();
        (Jwt::jwks(clock.on(Jwks::file(&self.0))), clock)
    }
}

impl Drop for KeyFile {
    fn drop(&mut self) {
        if self.0.exists() {
            fs::remove_file(&self.0).unwrap();
        }
    }
}

#[tokio::test]
async fn a_file_is_read_again_when_it_has_changed() {
    let (old, new) = (Signer::new("old"), Signer::new("the new one"));
    let file = KeyFile::new();
    file.holds(&issuer::set(&[&old]));
    let (jwt, clock) = file.trusted();
    assert_good(&jwt, &old.token()).await;

    file.holds(&issuer::set(&[&new]));
    // a moment ago it was looked at
    assert_bad(&jwt, &new.token()).await;
    clock.moves_on(2);

    assert_good(&jwt, &new.token()).await;
    assert_bad(&jwt, &old.token()).await;
}

#[tokio::test]
async fn a_change_is_noticed_though_no_token_names_a_new_key() {
    let (old, new) = (Signer::new("old"), Signer::new("the new one"));
    let file = KeyFile::new();
    file.holds(&issuer::set(&[&old, &new]));
    let (jwt, clock) = file.trusted();
    assert_good(&jwt, &old.token()).await;

    file.holds(&issuer::set(&[&new]));
    clock.moves_on(5);

    soon("the old key is no longer good", async {
        while asked(&jwt, &old.token()).await.is_ok() {
            yield_now().await;
        }
    })
    .await;
    assert_good(&jwt, &new.token()).await;
}

#[tokio::test]
async fn a_file_that_is_not_there_yet_is_1013_and_then_its_keys_are_good() {
    let signer = Signer::new("1");
    let file = KeyFile::new();
    let (jwt, clock) = file.trusted();

    assert_eq!(why_not_now(&jwt, &signer.token()).await, "the file with the issuer's keys cannot be read");
    file.holds(&issuer::set(&[&signer]));
    clock.moves_on(2);

    assert_good(&jwt, &signer.token()).await;
}

#[tokio::test]
async fn a_file_that_is_half_written_or_gone_leaves_the_keys_as_they_are() {
    let signer = Signer::new("1");
    let file = KeyFile::new();
    file.holds(&issuer::set(&[&signer]));
    let (jwt, clock) = file.trusted();
    assert_good(&jwt, &signer.token()).await;

    file.holds(r#"{"keys":["#);
    clock.moves_on(2);
    assert!(why_not_now(&jwt, &signer.token_by(Some("2"))).await.starts_with("this is no set of keys"));
    assert_good(&jwt, &signer.token()).await;

    fs::remove_file(&file.0).unwrap();
    clock.moves_on(2);
    why_not_now(&jwt, &signer.token_by(Some("2"))).await;
    assert_good(&jwt, &signer.token()).await;
}

#[tokio::test]
async fn two_may_read_one_file() {
    let signer = Signer::new("1");
    let file = KeyFile::new();
    file.holds(&issuer::set(&[&signer]));
    let keys = Jwks::file(&file.0);

    for jwt in [Jwt::jwks(keys.clone()), Jwt::jwks(keys)] {
        assert_good(&jwt, &signer.token()).await;
    }
}

#[tokio::test]
async fn a_file_over_256_kib_is_not_read_to_its_end() {
    let file = KeyFile::new();
    file.holds(&" ".repeat(10 << 20));

    let why = why_not_now(&file.trusted().0, &Signer::new("1").token()).await;

    assert_eq!(why, "the set of keys is larger than 256 KiB");
}
