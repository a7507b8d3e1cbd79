//! Names of tables and columns, which SQL takes as they stand.

use std::fmt;

/// The name of a table, with its schema or without, or of a column. Shown as SQL: in quotes.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Table(String);

impl Table {
    /// # Panics
    ///
    /// If it is no name made of ASCII letters, digits and `_`, with at most one `.` between schema and table.
    #[track_caller]
    pub(crate) fn new(name: &str) -> Self {
        let parts: Vec<_> = name.split('.').collect();
        let is_plain = |part: &&str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        assert!(
            parts.len() <= 2 && parts.iter().all(is_plain),
            "{name:?} is no name for a table or a column: ASCII letters, digits and _, such as auth_user"
        );
        Self(name.to_owned())
    }

    /// A name for an index on a column of this table.
    pub(crate) fn index_on(&self, column: &str) -> Self {
        let table = self.0.rsplit('.').next().unwrap_or_default();
        Self(format!("{table}_{column}"))
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.replace('.', "\".\""))
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_quoted_part_by_part() {
        assert_eq!(Table::new("auth_user").to_string(), r#""auth_user""#);
        assert_eq!(Table::new("site.user").to_string(), r#""site"."user""#);
    }

    #[test]
    fn what_could_end_the_quotes_is_no_name() {
        for name in ["", ".", "a.", "a.b.c", "a b", "a\"; drop table b; --", "ü"] {
            assert!(std::panic::catch_unwind(|| Table::new(name)).is_err(), "{name}");
        }
    }
}
