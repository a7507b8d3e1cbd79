//! What the load generator found: one line of JSON with names and numbers.

/// A line, as it came.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    line: String,
}

impl Finding {
    pub(crate) fn new(line: &str) -> Self {
        Self { line: line.trim().to_owned() }
    }

    /// The number of this name. It is our own generator's line: no name is in another's text.
    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        let (_, rest) = self.line.split_once(&format!("\"{name}\":"))?;
        rest.split([',', '}']).next()?.parse().ok()
    }

    /// What the generator objected to.
    pub(crate) fn faults(&self) -> String {
        let fault = |(field, name): (&str, &str)| {
            self.number(field).filter(|&count| count > 0.0).map(|count| format!("{count} {name}"))
        };
        let known = [("lost", "lost"), ("doubled", "doubled"), ("disordered", "out of order")];
        let faults: Vec<_> = known.into_iter().filter_map(fault).collect();
        if faults.is_empty() { "connections ended".to_owned() } else { faults.join(", ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_by_its_whole_name() {
        let finding =
            Finding::new("{\"mode\":\"echo\",\"p99_us_after\":2.5,\"p99_us\":1.000,\"failed\":0}\n");

        assert_eq!(finding.number("p99_us"), Some(1.0));
        assert_eq!(finding.number("p99_us_after"), Some(2.5));
        assert_eq!(finding.number("failed"), Some(0.0));
        assert_eq!(finding.number("p50_us"), None);
        assert_eq!(finding.number("mode"), None);
    }
}
