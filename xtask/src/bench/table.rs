//! What was measured, as tables and charts.

use std::fs;

use super::{
    Pinning,
    chart::{Bar, Chart},
    number::{multiple, shown},
    results::{Results, Row},
    scenario::Scenario,
};
use crate::document::Place;
use crate::shell::{self, Failure};

/// From the workspace's root.
pub(crate) const DOCUMENT: &str = "docs/performance.md";
const CHARTS: &str = "docs/performance";

impl Results {
    /// A table of the servers, and one of the goals.
    pub(crate) fn markdown(&self) -> String {
        let Scenario { measure, also, contestants, .. } = self.scenario;
        let first = contestants[0].name;
        let titles: Vec<_> = also.iter().map(|column| column.title).collect();
        let runs = self.rows.iter().map(|row| row.outcomes.len()).max().unwrap_or(0);
        let by_cost = if self.scenario.cost().is_some() { " by CPU |" } else { "" };
        let mut table = format!(
            "*{}, medians of {runs}:*\n\n| server | {} | min – max | {}{first} is |{by_cost}\n| --- |{}\n",
            self.pinning.name(),
            measure.column.title,
            titles.iter().map(|title| format!("{title} | ")).collect::<String>(),
            " ---: |".repeat(2 + also.len() + self.comparisons()),
        );
        for row in &self.rows {
            table += &self.line(row);
        }
        for goal in self.scenario.goals {
            table += &format!("\n{}\n", self.goal(goal).0);
        }
        table + "\n"
    }

    /// How many columns compare the first server with the others.
    fn comparisons(&self) -> usize {
        1 + usize::from(self.scenario.cost().is_some())
    }

    fn line(&self, row: &Row) -> String {
        let Scenario { measure, also, contestants, .. } = self.scenario;
        let name = row.contestant.name;
        let Some(samples) = row.samples(measure.column.field) else {
            let why = row.skipped().map(|why| format!("skipped: {why}"));
            let why = why.or_else(|| Some(format!("failed: {}", row.failures()?.1))).unwrap_or_default();
            return format!("| {name} | – | {why} |{}\n", " – |".repeat(also.len() + self.comparisons()));
        };
        let mut line = format!(
            "| {name} | {} | {} – {} |",
            shown(Some(samples.median()), measure.column),
            shown(Some(samples.min()), measure.column),
            shown(Some(samples.max()), measure.column)
        );
        for &column in *also {
            let median = row.samples(column.field).map(|samples| samples.median());
            line += &format!(" {} |", shown(median, column));
        }
        let first = contestants[0].name;
        let ratios = [self.ratios(first, &[name]), self.savings(first, &[name])];
        for ratio in ratios.into_iter().take(self.comparisons()) {
            let ratio =
                ratio.filter(|_| name != first).map(|ratio| format!(" {} ×", multiple(ratio.median())));
            line += &format!("{} |", ratio.unwrap_or_default());
        }
        if let Some((failed, why)) = row.failures() {
            line.truncate(line.len() - 1);
            line += &format!(" {failed} failed: {why} |");
        }
        line + "\n"
    }

    /// Writes the chart.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub(crate) fn draw(&self) -> Result<(), Failure> {
        let column = self.scenario.measure.column;
        let bars = self.rows.iter().filter_map(|row| {
            let median = row.samples(column.field)?.median();
            Some(Bar {
                name: row.contestant.name,
                value: median,
                label: shown(Some(median), column),
                is_ours: row.contestant.is_ours(),
            })
        });
        let title = format!("{}: {}, {}", self.scenario.name, column.title, self.pinning.name());
        let chart = Chart { title: &title, bars: bars.collect() };
        let path = shell::root().join(CHARTS);
        let failure = |error| Failure::new(format!("{CHARTS}: {error}"));
        fs::create_dir_all(&path).map_err(failure)?;
        fs::write(path.join(chart_name(self.scenario, self.pinning)), chart.svg()).map_err(failure)
    }
}

fn chart_name(scenario: &Scenario, pinning: Pinning) -> String {
    format!("{}-{}.svg", scenario.name, pinning.name())
}

/// Puts a scenario's tables and its first chart into the document.
///
/// # Errors
///
/// If the document has no place for it.
pub(crate) fn write(scenario: &Scenario, tables: &str) -> Result<(), Failure> {
    let place = Place {
        document: DOCUMENT,
        begin: format!("<!-- written by `cargo xtask bench {} --write` -->\n", scenario.name),
        end: format!("<!-- end of {} -->\n", scenario.name),
    };
    let charts = [Pinning::Pinned, Pinning::Unpinned].into_iter().find_map(|pinning| {
        let name = chart_name(scenario, pinning);
        let drawn = shell::root().join(CHARTS).join(&name).is_file();
        drawn.then(|| format!("![{}](performance/{name})\n\n", scenario.title))
    });
    place.fill(&format!("{}.\n\n{}{tables}\n", scenario.title, charts.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::super::results::tests::results;

    #[test]
    fn the_table_has_a_line_for_each_server_and_tells_what_failed() {
        let results = results("echo", &[(0, &[Some(12_345.0)]), (1, &[None]), (2, &[Some(1000.0)])]);

        let table = results.markdown();

        assert!(table.contains("| channels-actix | 12,345 | 12,345 – 12,345 | – | – | – | | |\n"), "{table}");
        assert!(table.contains("| actix-ws | – | failed: 3 lost | – | – | – | – | – |\n"), "{table}");
        assert!(table.contains("| axum | 1,000 | 1,000 – 1,000 | – | – | – | 12.3 × | |\n"), "{table}");
    }
}
