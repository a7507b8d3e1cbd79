//! What the fuzz targets check: one function each, which takes any bytes and panics where something does not
//! hold. There with `cfg(fuzzing)`, which cargo-fuzz sets, and in tests, which replay the corpora.

#![expect(clippy::missing_panics_doc, reason = "to panic is what they are for")]

mod close;
mod decoder;
mod extensions;
mod frames;
mod inflate;
mod origin;
mod pattern;
mod reference;
mod request;
mod said;

pub use self::{
    close::close, decoder::decoder, extensions::extensions, frames::frames, inflate::inflate, origin::origin,
    pattern::pattern, request::request,
};

#[cfg(test)]
#[path = "../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::replay::replayed;

    replayed! {
        the_corpus_of_close_holds: close;
        the_corpus_of_decoder_holds: decoder;
        the_corpus_of_extensions_holds: extensions;
        the_corpus_of_frames_holds: frames;
        the_corpus_of_inflate_holds: inflate;
        the_corpus_of_origin_holds: origin;
        the_corpus_of_pattern_holds: pattern;
        the_corpus_of_request_holds: request;
    }
}
