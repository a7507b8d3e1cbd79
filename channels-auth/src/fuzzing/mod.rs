//! What the fuzz targets check: one function each, which takes any bytes and panics where something does not
//! hold. There with `cfg(fuzzing)`, which cargo-fuzz sets, and in tests, which replay the corpora.

#![expect(clippy::missing_panics_doc, reason = "to panic is what they are for")]

mod credentials;
#[cfg(feature = "jwks")]
mod jwks;
#[cfg(feature = "jwt")]
mod jwt;

pub use self::credentials::credentials;
#[cfg(feature = "jwks")]
pub use self::jwks::jwks;
#[cfg(feature = "jwt")]
pub use self::jwt::jwt;

#[cfg(test)]
#[path = "../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::replay::replayed;

    replayed! {
        the_corpus_of_credentials_holds: credentials;
    }

    #[cfg(feature = "jwt")]
    replayed! {
        the_corpus_of_jwt_holds: jwt;
    }

    #[cfg(feature = "jwks")]
    replayed! {
        the_corpus_of_jwks_holds: jwks;
    }
}
