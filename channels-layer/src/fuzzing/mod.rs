//! What the fuzz targets check: one function each, which takes any bytes and panics where something does not
//! hold. There with `cfg(fuzzing)`, which cargo-fuzz sets, and in tests, which replay the corpora.

#![expect(clippy::missing_panics_doc, clippy::unwrap_used, reason = "to panic is what they are for")]

mod event;

pub use self::event::event;

#[cfg(test)]
#[path = "../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::replay::replayed;

    replayed! {
        the_corpus_of_event_holds: event;
    }
}
