//! What was measured: every run of every server, and what it comes to.

use super::{
    Pinning,
    contestant::Contestant,
    finding::Finding,
    number::{multiple, shown},
    samples::Samples,
    scenario::{Better, Goal, Measure, Peers, Scenario},
};
use crate::shell::Failure;

/// What one run came to.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Found(Finding),
    Failed(String),
    Skipped(&'static str),
}

/// A contestant, and each of its runs.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) contestant: &'static Contestant,
    pub(crate) outcomes: Vec<Outcome>,
}

/// All of a scenario's.
#[derive(Debug)]
pub(crate) struct Results {
    pub(crate) scenario: &'static Scenario,
    pub(crate) pinning: Pinning,
    pub(crate) rows: Vec<Row>,
}

impl Outcome {
    fn number(&self, field: &str) -> Option<f64> {
        match self {
            Self::Found(finding) => finding.number(field),
            Self::Failed(_) | Self::Skipped(_) => None,
        }
    }

    /// For whoever watches.
    pub(crate) fn brief(&self, scenario: &Scenario) -> String {
        match self {
            Self::Found(_) => {
                let column = scenario.measure.column;
                format!("{} {}", shown(self.number(column.field), column), column.title)
            }
            Self::Failed(why) => format!("FAILED: {why}"),
            Self::Skipped(why) => format!("skipped: {why}"),
        }
    }
}

impl Row {
    pub(crate) fn new(contestant: &'static Contestant) -> Self {
        Self { contestant, outcomes: Vec::new() }
    }

    pub(super) fn samples(&self, field: &str) -> Option<Samples> {
        Samples::of(self.outcomes.iter().filter_map(|outcome| outcome.number(field)))
    }

    /// How many runs failed, and the first reason.
    pub(super) fn failures(&self) -> Option<(usize, &str)> {
        let mut failures = self.outcomes.iter().filter_map(|outcome| match outcome {
            Outcome::Failed(why) => Some(why.as_str()),
            Outcome::Found(_) | Outcome::Skipped(_) => None,
        });
        let first = failures.next()?;
        Some((1 + failures.count(), first))
    }

    pub(super) fn skipped(&self) -> Option<&'static str> {
        self.outcomes.iter().find_map(|outcome| match outcome {
            Outcome::Skipped(why) => Some(*why),
            Outcome::Found(_) | Outcome::Failed(_) => None,
        })
    }
}

impl Results {
    fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.contestant.name == name)
    }

    /// In each round, `name` as a multiple of the best of `than`.
    pub(super) fn ratios(&self, name: &str, than: &[&str]) -> Option<Samples> {
        let Measure { column, better } = self.scenario.measure;
        self.compared(name, than, column.field, better)
    }

    /// The same of the processor time that each takes, turned round: how many times less it is.
    pub(super) fn savings(&self, name: &str, than: &[&str]) -> Option<Samples> {
        let cost = self.compared(name, than, self.scenario.cost()?.field, Better::Less)?;
        Some(cost.inverted())
    }

    fn compared(&self, name: &str, than: &[&str], field: &str, better: Better) -> Option<Samples> {
        let ours = &self.row(name)?.outcomes;
        let peers: Vec<_> = than.iter().filter_map(|name| self.row(name)).collect();
        let best = |round: usize| {
            let values = peers.iter().filter_map(|row| row.outcomes.get(round)?.number(field));
            match better {
                Better::More => values.reduce(f64::max),
                Better::Less => values.reduce(f64::min),
            }
        };
        let rounds = ours.iter().enumerate();
        Samples::of(rounds.filter_map(|(round, outcome)| Some(outcome.number(field)? / best(round)?)))
    }

    /// A sentence, and whether it is met; `None` where a peer lacks.
    pub(super) fn goal(&self, goal: &Goal) -> (String, Option<bool>) {
        let Goal { ours, than, ratio } = goal;
        let Peers { called, names } = than;
        let (word, sign) = match self.scenario.measure.better {
            Better::More => ("at least", '≥'),
            Better::Less => ("at most", '≤'),
        };
        let Some(reached) = self.ratios(ours, names) else {
            return (format!("Goal: {ours} {word} {ratio} × {called}: not measured."), None);
        };
        let met = match self.scenario.measure.better {
            Better::More => reached.median() >= *ratio,
            Better::Less => reached.median() <= *ratio,
        };
        let verdict = if met { "met" } else { "**not met**" };
        let savings = self.savings(ours, names).map(|savings| multiple(savings.median()));
        let savings = savings.map(|savings| format!("; by processor time {savings} ×")).unwrap_or_default();
        let text = format!(
            "Goal {verdict}: {ours} {sign} {ratio} × {called}: {} × ({} – {}){savings}.",
            multiple(reached.median()),
            multiple(reached.min()),
            multiple(reached.max())
        );
        (text, Some(met))
    }

    /// For the summary: what goals were met.
    ///
    /// # Errors
    ///
    /// If a run of ours failed.
    pub(crate) fn verdict(&self) -> Result<String, Failure> {
        for row in self.rows.iter().filter(|row| row.contestant.is_ours()) {
            if let Some((failed, why)) = row.failures() {
                return Err(Failure::new(format!("{}: {failed} runs failed: {why}", row.contestant.name)));
            }
        }
        let goals: Vec<_> = self.scenario.goals.iter().map(|goal| self.goal(goal).0).collect();
        Ok(goals.join("\n"))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::scenario::SCENARIOS;
    use super::*;

    /// Each of these is one run: a number of the scenario's, or a failure.
    pub(in super::super) fn results(name: &str, runs: &[(usize, &[Option<f64>])]) -> Results {
        let scenario = SCENARIOS.iter().find(|scenario| scenario.name == name).unwrap();
        let field = scenario.measure.column.field;
        let rows = runs.iter().map(|(nth, values)| Row {
            contestant: &scenario.contestants[*nth],
            outcomes: values
                .iter()
                .map(|value| match value {
                    Some(value) => Outcome::Found(Finding::new(&format!("{{\"{field}\":{value}}}"))),
                    None => Outcome::Failed("3 lost".to_owned()),
                })
                .collect(),
        });
        Results { scenario, pinning: Pinning::Pinned, rows: rows.collect() }
    }

    #[test]
    fn a_ratio_is_within_one_round_and_against_the_best() {
        let results = results(
            "echo",
            &[
                (0, &[Some(90.0), Some(300.0)]),
                (1, &[Some(100.0), Some(200.0)]),
                (2, &[Some(10.0), Some(400.0)]),
            ],
        );

        let alone = results.ratios("channels-actix", &["actix-ws"]).unwrap();
        let both = results.ratios("channels-actix", &["actix-ws", "axum"]).unwrap();

        assert_eq!((alone.min(), alone.max()), (0.9, 1.5));
        assert_eq!((both.min(), both.max()), (0.75, 0.9));
    }

    #[test]
    fn where_less_is_better_the_best_is_the_least() {
        let results = results("idle", &[(0, &[Some(12.0)]), (2, &[Some(120.0)])]);

        let (text, met) = results.goal(&results.scenario.goals[0]);

        assert_eq!(met, Some(true), "{text}");
        assert!(text.contains("0.10 × (0.10 – 0.10)"), "{text}");
    }

    #[test]
    fn a_goal_that_is_missed_says_so_and_by_how_much() {
        let results = results("echo", &[(0, &[Some(80.0)]), (1, &[Some(100.0)])]);

        let (text, met) = results.goal(&results.scenario.goals[0]);

        assert_eq!(met, Some(false));
        assert_eq!(text, "Goal **not met**: channels-actix ≥ 0.9 × actix-ws: 0.80 × (0.80 – 0.80).");
    }

    #[test]
    fn who_takes_less_time_for_each_is_so_many_times_better() {
        let mut results = results("echo", &[(0, &[Some(1.0)]), (1, &[Some(1.0)])]);
        for (row, cost) in results.rows.iter_mut().zip([2.0, 5.0]) {
            row.outcomes = vec![Outcome::Found(Finding::new(&format!("{{\"cpu_us_per_message\":{cost}}}")))];
        }

        let savings = results.savings("channels-actix", &["actix-ws"]).unwrap();

        assert_eq!(savings.median(), 2.5);
    }

    #[test]
    fn a_failure_of_ours_fails_the_scenario_and_one_of_a_peer_does_not() {
        results("echo", &[(0, &[Some(1.0)]), (1, &[None])]).verdict().unwrap();
        results("echo", &[(0, &[Some(1.0), None])]).verdict().unwrap_err();
    }
}
