//! The summary: a table of groups and servers, for people and for `docs/conformance.md`.

use std::collections::BTreeMap;

use super::case::{Case, Verdict};
use crate::document::Place;
use crate::shell::Failure;

/// The suite's groups, and how many cases each has. (There is no group 8, and 11 is of an older standard.)
pub(crate) const GROUPS: &[Group] = &[
    Group { number: "1", about: "framing", cases: 16 },
    Group { number: "2", about: "pings and pongs", cases: 11 },
    Group { number: "3", about: "reserved bits", cases: 7 },
    Group { number: "4", about: "opcodes", cases: 10 },
    Group { number: "5", about: "fragmentation", cases: 20 },
    Group { number: "6", about: "UTF-8", cases: 145 },
    Group { number: "7", about: "closing", cases: 37 },
    Group { number: "9", about: "long messages, many messages", cases: 54 },
    Group { number: "10", about: "messages fragmented automatically", cases: 1 },
    Group { number: "12", about: "compression: payloads", cases: 90 },
    Group { number: "13", about: "compression: parameters", cases: 126 },
];

#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) number: &'static str,
    about: &'static str,
    cases: usize,
}

/// How a server did.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) server: String,
    pub(crate) cases: Vec<Case>,
}

impl Column {
    /// How many cases there are of each verdict, as `45 OK, 3 informational`.
    pub(crate) fn counts(&self) -> String {
        counts(self.cases.iter())
    }

    /// The cases that no server may have that conforms, as `not strict: 3.2, 3.3`, a line for each verdict.
    pub(crate) fn faults(&self) -> Option<String> {
        let faults = names(&self.cases, |verdict| !verdict.is_good());
        (!faults.is_empty()).then(|| faults.join("\n"))
    }

    /// What the suite did not run, though it has it.
    pub(crate) fn missing(&self) -> Option<String> {
        let short = GROUPS.iter().filter_map(|group| {
            let ran = self.cases.iter().filter(|case| case.group() == group.number).count();
            (ran != group.cases)
                .then(|| format!("group {}: {ran} cases ran, of {}", group.number, group.cases))
        });
        let short: Vec<_> = short.collect();
        (!short.is_empty()).then(|| short.join("\n"))
    }
}

/// The table in Markdown, and under it what is informational with the first of the servers.
pub(crate) fn markdown(columns: &[Column]) -> String {
    let servers: Vec<_> = columns.iter().map(|column| column.server.as_str()).collect();
    let mut table =
        format!("| group | {} |\n| --- |{}\n", servers.join(" | "), " --- |".repeat(servers.len()));
    let groups = GROUPS.iter().map(|group| (format!("{} {}", group.number, group.about), Some(group.number)));
    for (title, number) in groups.chain([("all".to_owned(), None)]) {
        let of_group = |case: &&Case| number.is_none_or(|number| case.group() == number);
        let cells = columns.iter().map(|column| counts(column.cases.iter().filter(of_group)));
        table += &format!("| {title} | {} |\n", cells.collect::<Vec<_>>().join(" | "));
    }
    if let Some(first) = columns.first() {
        for line in names(&first.cases, |verdict| verdict == Verdict::Informational) {
            table += &format!("\n{}, {line}.\n", first.server);
        }
    }
    table
}

fn counts<'a>(cases: impl Iterator<Item = &'a Case>) -> String {
    let mut counts = BTreeMap::new();
    for case in cases {
        *counts.entry(case.verdict).or_insert(0_usize) += 1;
    }
    let counts: Vec<_> =
        counts.iter().map(|(verdict, count)| format!("{count} {}", verdict.text())).collect();
    if counts.is_empty() { "–".to_owned() } else { counts.join(", ") }
}

/// A line for each verdict that is asked for: the names of its cases, in their order.
fn names(cases: &[Case], asked: impl Fn(Verdict) -> bool) -> Vec<String> {
    let mut by_verdict = BTreeMap::<_, Vec<_>>::new();
    for case in cases.iter().filter(|case| asked(case.verdict)) {
        by_verdict.entry(case.verdict).or_default().push(case);
    }
    let lines = by_verdict.into_iter().map(|(verdict, mut cases)| {
        cases.sort_by_key(|case| case.numbers());
        let names: Vec<_> = cases.iter().map(|case| case.name.as_str()).collect();
        format!("{}: {}", verdict.text(), names.join(", "))
    });
    lines.collect()
}

/// Puts `table` into `docs/conformance.md`, in place of the one that is there.
///
/// # Errors
///
/// If the document cannot be read or written, or has no place for it.
pub(crate) fn write(table: &str) -> Result<(), Failure> {
    let place = Place {
        document: "docs/conformance.md",
        begin: "<!-- what follows is written by `cargo xtask autobahn --write` -->\n".to_owned(),
        end: "<!-- up to here -->\n".to_owned(),
    };
    place.fill(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(server: &str, lines: &[&str]) -> Column {
        let cases = lines.iter().map(|line| Case::parse(&line.replace(' ', "\t")).unwrap()).collect();
        Column { server: server.to_owned(), cases }
    }

    #[test]
    fn the_table_has_a_row_for_each_group_and_a_column_for_each_server() {
        let ours =
            column("ours", &["7.13.1 INFORMATIONAL INFORMATIONAL", "7.1.6 INFORMATIONAL INFORMATIONAL"]);
        let peer = column("peer", &["7.1.6 OK OK", "7.13.1 NON-STRICT OK", "12.1.1 UNIMPLEMENTED OK"]);

        let table = markdown(&[ours, peer]);

        let lines: Vec<_> = table.lines().collect();
        assert_eq!(lines[..2], ["| group | ours | peer |", "| --- | --- | --- |"]);
        assert_eq!(lines[2], "| 1 framing | – | – |");
        assert_eq!(lines[8], "| 7 closing | 2 informational | 1 OK, 1 not strict |");
        assert_eq!(lines[13], "| all | 2 informational | 1 OK, 1 not implemented, 1 not strict |");
        assert_eq!(lines[14..], ["", "ours, informational: 7.1.6, 7.13.1."]);
    }

    #[test]
    fn what_no_server_may_have_is_named() {
        let good = column("ours", &["1.1.1 OK OK", "7.1.6 INFORMATIONAL INFORMATIONAL"]);
        let bad = column("ours", &["1.1.10 NON-STRICT OK", "1.1.9 NON-STRICT OK", "1.1.1 OK FAILED"]);

        assert_eq!(good.faults(), None);
        assert_eq!(bad.faults().unwrap(), "not strict: 1.1.9, 1.1.10\nfailed: 1.1.1");
    }

    #[test]
    fn a_case_that_did_not_run_is_missed() {
        let missing = column("ours", &["10.1.1 OK OK"]).missing().unwrap();

        assert!(missing.starts_with("group 1: 0 cases ran, of 16\n"), "{missing}");
        assert!(!missing.contains("group 10:"), "{missing}");
    }
}
