//! Tables that commands write into documents, between two lines that stay.

use std::fs;

use crate::shell::{self, Failure};

/// A place in a document for what a command measures.
#[derive(Debug)]
pub(crate) struct Place {
    /// From the workspace's root.
    pub(crate) document: &'static str,
    pub(crate) begin: String,
    pub(crate) end: String,
}

impl Place {
    /// Puts `text` there, instead of what is there.
    ///
    /// # Errors
    ///
    /// If the document cannot be read or written, or does not have the two lines.
    pub(crate) fn fill(&self, text: &str) -> Result<(), Failure> {
        let path = shell::root().join(self.document);
        let failure = |error| Failure::new(format!("{}: {error}", self.document));
        let document = fs::read_to_string(&path).map_err(failure)?;
        let document = self.filled(&document, text).ok_or_else(|| {
            Failure::new(format!("{} does not have the line {}", self.document, self.begin.trim()))
        })?;
        fs::write(path, document).map_err(failure)
    }

    fn filled(&self, document: &str, text: &str) -> Option<String> {
        let Self { begin, end, .. } = self;
        let (before, rest) = document.split_once(begin.as_str())?;
        let (_, after) = rest.split_once(end.as_str())?;
        Some(format!("{before}{begin}\n{text}\n{end}{after}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_between_the_lines_is_replaced_and_nothing_else() {
        let place = Place { document: "", begin: "<!-- a -->\n".into(), end: "<!-- z -->\n".into() };
        let document = "before\n<!-- a -->\n\nold\n<!-- z -->\nafter\n";

        let once = place.filled(document, "new").unwrap();

        assert_eq!(once, "before\n<!-- a -->\n\nnew\n<!-- z -->\nafter\n");
        assert_eq!(place.filled(&once, "new").unwrap(), once);
        assert_eq!(place.filled("no place", "new"), None);
    }
}
