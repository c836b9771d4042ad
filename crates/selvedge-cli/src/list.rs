//! `list`.

use selvedge_core::report::Engine;
use selvedge_core::scenario::{Expectation, Scenario};
use selvedge_report::Ink;

use crate::registry::Registry;
use crate::{BadInput, Exit, args, output};

pub(crate) fn run(registry: &Registry, options: &args::List) -> Result<Exit, BadInput> {
    let scenarios = registry.matching(Engine::Native, &options.patterns)?;
    let style = output::style();
    let mut text = String::new();
    for (i, scenario) in scenarios.iter().enumerate() {
        if i > 0 {
            text.push('\n');
        }
        style.paint_into(&mut text, Ink::Strong, &scenario.name);
        text.push_str("  ");
        text.push_str(&expectation(scenario));
        text.push('\n');
        for line in scenario.about.lines() {
            text.push_str(&format!("   {line}\n"));
        }
        if !scenario.fixes.is_empty() {
            text.push_str(&format!("    mended by {}\n", scenario.fixes.join(", ")));
        }
    }
    output::print(&text);
    Ok(Exit::Success)
}

/// What is expected of a scenario, in words.
pub(crate) fn expectation(scenario: &Scenario) -> String {
    let expected = scenario.expect.to_string();
    match (&scenario.expect, scenario.sampled) {
        (Expectation::Holds, Some(n)) => format!("{expected}, sampled by {n} random executions"),
        _ => expected,
    }
}
