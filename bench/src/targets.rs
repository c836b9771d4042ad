//! How fast Selvedge is meant to be beside its peers, and whether it is.

use serde::Serialize;

use crate::compare::{Cell, Outcome, Rates};
use crate::table::Table;
use crate::tools::Tool;
use crate::units::rate;

/// Random executions a second, over shuttle's.
const OVER_SHUTTLE: f64 = 10.0;
/// Random executions a second, over loom's.
const OVER_LOOM: f64 = 100.0;
/// Programs for which the two hold.
const RATED: [&str; 4] = ["purchase", "purchase, held", "counter 2x5", "counter 3x2"];
/// Executions a second of a whole proof, of this program.
const PROOF_RATE: (&str, f64) = ("counter 2x5", 500_000.0);
/// How much longer the peer's whole proof takes than ours.
const PROOF_OVER_PEER: f64 = 10_000.0;
/// The peer's proof that is compared with ours.
pub const WHOLE_PROOF_OF_PEER: (&str, Tool) = ("counter 3x2", Tool::Loom);

/// A target, and what was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Target {
    /// What it is about.
    pub what: String,
    /// The least that is wanted.
    pub wanted: f64,
    /// The median that was measured.
    pub measured: f64,
    /// True if the peer was stopped, so that the ratio is larger than measured.
    pub at_least: bool,
    /// Whether the target is met; nothing if the peer was stopped too early to
    /// tell.
    pub holds: Option<bool>,
}

impl Target {
    fn new(what: String, wanted: f64, measured: f64, at_least: bool) -> Self {
        let met = measured >= wanted;
        let holds = (met || !at_least).then_some(met);
        Target { what, wanted, measured, at_least, holds }
    }
}

/// All targets whose programs were measured.
pub fn all(proofs: &[Cell], rates: &[Rates]) -> Vec<Target> {
    let mut targets = Vec::new();
    for rates in rates.iter().filter(|rates| RATED.contains(&rates.program)) {
        let mut over = |peer, wanted, measured| {
            let what = format!("random executions/s of {}, over {peer}", rates.program);
            targets.push(Target::new(what, wanted, measured, false));
        };
        over("shuttle", OVER_SHUTTLE, rates.over_shuttle.median);
        over("loom", OVER_LOOM, rates.over_loom.median);
    }
    let outcome = |program: &str, tool: Tool| {
        let cell = proofs.iter().find(|cell| cell.program == program && cell.tool == tool);
        cell.map(|cell| &cell.outcome)
    };
    let (program, wanted) = PROOF_RATE;
    if let Some(Outcome::Exhausted { executions_per_second, .. }) = outcome(program, Tool::Selvedge)
    {
        let what = format!("executions/s of the proof of {program}");
        targets.push(Target::new(what, wanted, *executions_per_second, false));
    }
    let (program, peer) = WHOLE_PROOF_OF_PEER;
    if let Some(Outcome::Exhausted { seconds: ours, .. }) = outcome(program, Tool::Selvedge) {
        let ratio = match outcome(program, peer) {
            Some(Outcome::Exhausted { seconds, .. }) => {
                seconds.over(ours).map(|ratio| (ratio.median, false))
            }
            Some(Outcome::Capped { seconds, .. }) => Some((seconds / ours.median, true)),
            _ => None,
        };
        if let Some((ratio, at_least)) = ratio {
            let what = format!("time of {peer}'s proof of {program}, over ours");
            targets.push(Target::new(what, PROOF_OVER_PEER, ratio, at_least));
        }
    }
    targets
}

/// The targets for people.
pub fn table(targets: &[Target]) -> Table {
    let mut table = Table::new(1, ["target", "wanted", "measured", ""]);
    for target in targets {
        table.row(vec![
            target.what.clone(),
            format!(">= {}", rate(target.wanted)),
            format!("{}{}", if target.at_least { ">= " } else { "" }, rate(target.measured)),
            match target.holds {
                Some(true) => "holds",
                Some(false) => "MISSED",
                None => "not known: raise --cap",
            }
            .to_owned(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spread::Spread;

    fn cell(program: &'static str, tool: Tool, outcome: Outcome) -> Cell {
        Cell { program, tool, outcome }
    }

    fn exhausted(seconds: f64) -> Outcome {
        Outcome::Exhausted {
            executions: 90,
            blocked: 0,
            seconds: Spread::of(vec![seconds]).unwrap(),
            executions_per_second: 90.0 / seconds,
        }
    }

    #[test]
    fn a_peer_that_was_stopped_gives_a_lower_bound() {
        let (program, peer) = WHOLE_PROOF_OF_PEER;
        let stopped = Outcome::Capped { executions: 1_000, seconds: 10.0 };
        let proofs =
            [cell(program, Tool::Selvedge, exhausted(0.0005)), cell(program, peer, stopped)];
        let targets = all(&proofs, &[]);
        let [target] = targets.as_slice() else { panic!("{targets:?}") };
        assert!(target.at_least, "{target:?}");
        assert_eq!(target.holds, Some(true));
        assert_eq!(target.measured, 20_000.0);

        let early = Outcome::Capped { executions: 1, seconds: 0.01 };
        let proofs = [cell(program, Tool::Selvedge, exhausted(0.0005)), cell(program, peer, early)];
        assert_eq!(all(&proofs, &[])[0].holds, None);
    }

    #[test]
    fn a_target_is_missed_by_what_is_less() {
        let (program, peer) = WHOLE_PROOF_OF_PEER;
        let proofs =
            [cell(program, Tool::Selvedge, exhausted(0.01)), cell(program, peer, exhausted(10.0))];
        let targets = all(&proofs, &[]);
        assert_eq!(targets.iter().map(|t| t.holds).collect::<Vec<_>>(), [Some(false)]);
        assert!(table(&targets).to_string().contains("MISSED"));
    }
}
