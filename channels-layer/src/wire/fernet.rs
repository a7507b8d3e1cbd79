//! Encryption as channels_redis' `symmetric_encryption_keys` does it: Fernet, with keys that can be rotated.
//!
//! The format is <https://github.com/fernet/spec>. The key of a text is its SHA-256, whose first half signs and
//! whose second half encrypts.

use std::fmt;

use aes::Aes128;
use base64::{Engine, engine::general_purpose::URL_SAFE};
use cbc::{
    Decryptor, Encryptor,
    cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit, block_padding::Pkcs7},
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

const VERSION: u8 = 0x80;
const IV: usize = 16;
/// Version, time and IV.
const HEAD: usize = 1 + 8 + IV;
const SIGNATURE: usize = 32;
/// How far a token's time may lie ahead of ours, in seconds (the `cryptography` package's number).
const MAX_CLOCK_SKEW: u64 = 60;

/// Why a token was not opened. It does not say with which key it was tried.
#[derive(Debug, thiserror::Error)]
#[error("a message was encrypted with another key, was changed on its way, or is too old")]
pub(crate) struct Unopened;

/// Encrypts with the first of its keys, decrypts with any.
#[derive(Clone)]
pub(crate) struct Fernet {
    first: Key,
    others: Vec<Key>,
}

#[derive(Clone)]
struct Key {
    signing: [u8; 16],
    encryption: [u8; 16],
}

impl Key {
    fn of(text: &str) -> Self {
        let digest: [u8; 32] = Sha256::digest(text).into();
        let (mut signing, mut encryption) = ([0; 16], [0; 16]);
        signing.copy_from_slice(&digest[..16]);
        encryption.copy_from_slice(&digest[16..]);
        Self { signing, encryption }
    }

    fn mac(&self, of: &[u8]) -> Hmac<Sha256> {
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&block(self.signing));
        mac.update(of);
        mac
    }
}

/// HMAC's key, filled up with zeros to one block of SHA-256 (RFC 2104 section 2).
fn block(key: [u8; 16]) -> hmac::digest::common::Key<Hmac<Sha256>> {
    let mut block = hmac::digest::common::Key::<Hmac<Sha256>>::default();
    block[..key.len()].copy_from_slice(&key);
    block
}

impl Fernet {
    /// `None` without a key.
    pub(crate) fn of(keys: &[String]) -> Option<Self> {
        let mut keys = keys.iter().map(|key| Key::of(key));
        Some(Self { first: keys.next()?, others: keys.collect() })
    }

    /// A token of `plain`, made at `now` (Unix time in seconds). The IV must be random.
    pub(crate) fn seal(&self, plain: &[u8], now: u64, iv: [u8; IV]) -> String {
        let mut token = Vec::with_capacity(HEAD + plain.len() + IV + SIGNATURE);
        token.push(VERSION);
        token.extend_from_slice(&now.to_be_bytes());
        token.extend_from_slice(&iv);
        let cipher = Encryptor::<Aes128>::new(&self.first.encryption.into(), &iv.into());
        token.extend_from_slice(&cipher.encrypt_padded_vec::<Pkcs7>(plain));
        let signature = self.first.mac(&token).finalize().into_bytes();
        token.extend_from_slice(&signature);
        URL_SAFE.encode(token)
    }

    /// What is in a token that was made at most `ttl` seconds before `now`; without one, at any time.
    pub(crate) fn open(&self, token: &[u8], now: u64, ttl: Option<u64>) -> Result<Vec<u8>, Unopened> {
        let Ok(token) = URL_SAFE.decode(token) else { return Err(Unopened) };
        let Some((signed, signature)) = token.split_last_chunk::<SIGNATURE>() else { return Err(Unopened) };
        let Some((head, sealed)) = signed.split_first_chunk::<HEAD>() else { return Err(Unopened) };
        let [VERSION, made @ ..] = head else { return Err(Unopened) };
        let Some((made, iv)) = made.split_first_chunk::<8>() else { return Err(Unopened) };
        let made = u64::from_be_bytes(*made);
        let in_time = |ttl| made.saturating_add(ttl) >= now && made <= now.saturating_add(MAX_CLOCK_SKEW);
        if !ttl.is_none_or(in_time) {
            return Err(Unopened);
        }
        let mut keys = std::iter::once(&self.first).chain(&self.others);
        let signed_by = |key: &&Key| key.mac(signed).verify_slice(signature).is_ok();
        let Some(key) = keys.find(signed_by) else { return Err(Unopened) };
        let Ok(cipher) = Decryptor::<Aes128>::new_from_slices(&key.encryption, iv) else {
            return Err(Unopened);
        };
        match cipher.decrypt_padded_vec::<Pkcs7>(sealed) {
            Ok(plain) => Ok(plain),
            Err(_) => Err(Unopened),
        }
    }
}

impl fmt::Debug for Fernet {
    /// How many keys there are, and none of them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fernet").field("keys", &(1 + self.others.len())).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_what_the_cryptography_package_makes() {
        let fernet = Fernet::of(&["a-test-key".to_owned()]).unwrap();
        let plain = b"\x82\xa4type\xactest.message\xa4text\xa2hi";
        let iv = std::array::from_fn(|index| index as u8);

        let token = fernet.seal(plain, 1_700_000_000, iv);

        assert_eq!(
            token,
            "gAAAAABlU_EAAAECAwQFBgcICQoLDA0OD7ZXZ8mlx9Z-bCcTQDyOdsED47-fd2oLXUjy_QbPttb377G0MJ1zPO4UwVqGRDjRl5Fu\
             RrZxE1ateK3udi5MIDQ="
        );
        assert_eq!(fernet.open(token.as_bytes(), 1_700_000_060, Some(60)).unwrap(), plain);
    }

    #[test]
    fn keys_do_not_show() {
        let fernet = Fernet::of(&["s3cret".to_owned(), "0ld".to_owned()]);

        assert_eq!(format!("{fernet:?}"), "Some(Fernet { keys: 2 })");
    }
}
