//! What ties a session to its user's password: who changes it ends all sessions.

use crate::{
    random,
    signing::{SecretKeys, Tag},
};

const SALT: &str = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash";

/// The hash for a new session (`get_session_auth_hash`). `password` is the hash that the table of users has.
pub(super) fn auth_hash(keys: &SecretKeys, password: &str) -> String {
    random::to_hex(&keys.tag(SALT, password.as_bytes()))
}

/// Whether `shown` is that hash, under one of the keys.
///
/// A fallback counts, as in Django. Channels has it count as a changed password, and deletes the session.
pub(super) fn vouches(keys: &SecretKeys, password: &str, shown: &str) -> bool {
    keys.vouch(SALT, password.as_bytes(), shown, |tag: &Tag| random::to_hex(tag))
}
