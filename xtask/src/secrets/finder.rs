//! Looks for many texts at once, in one pass.

use std::{
    collections::HashMap,
    io::{self, BufRead},
};

use super::{Secret, forms};

/// As many bytes of a text decide whether the rest is looked at. Texts that are shorter are not looked for.
const WINDOW: usize = 8;

/// What is looked for, by its first bytes.
pub(super) struct Finder {
    texts: HashMap<[u8; WINDOW], Vec<Text>>,
}

struct Text {
    bytes: Vec<u8>,
    /// What is said when it is found.
    what: String,
}

/// What was searched.
pub(super) struct Searched {
    pub(super) bytes: usize,
    /// Whether the log says that it is not all there was.
    pub(super) is_cut_off: bool,
}

impl Finder {
    pub(super) fn new(secrets: &[Secret]) -> Self {
        let mut texts: HashMap<_, Vec<Text>> = HashMap::new();
        for Secret { kind, value } in secrets {
            for (form, bytes) in forms::of(value) {
                let Some(window) = bytes.first_chunk::<WINDOW>() else { continue };
                let what = format!("{kind}, {form}");
                texts.entry(*window).or_default().push(Text { bytes, what });
            }
        }
        Self { texts }
    }

    /// Calls `found` with the number of the line and what is in it, once for each line and text.
    pub(super) fn search(
        &self,
        mut log: impl BufRead,
        mut found: impl FnMut(usize, &str),
    ) -> io::Result<Searched> {
        let mut searched = Searched { bytes: 0, is_cut_off: false };
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            let read = log.read_until(b'\n', &mut line)?;
            if read == 0 {
                break;
            }
            searched.bytes += read;
            searched.is_cut_off |= line == b"CUT OFF\n";
            if let Some(text) = self.first_in(&line) {
                found(number, &text.what);
            }
        }
        Ok(searched)
    }

    fn first_in(&self, line: &[u8]) -> Option<&Text> {
        let windows = line.windows(WINDOW).enumerate();
        let mut hits = windows.filter_map(|(at, window)| {
            let texts = self.texts.get(window)?;
            texts.iter().find(|text| line[at..].starts_with(&text.bytes))
        });
        hits.next()
    }
}
