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
    let names = |list: &[selvedge_core::scenario::Broken]| {
        list.iter().map(|b| b.name).collect::<Vec<_>>().join(" and ")
    };
    match &scenario.expect {
        Expectation::Holds => match scenario.sampled {
            None => "holds".to_owned(),
            Some(n) => format!("holds, sampled by {n} random executions"),
        },
        Expectation::Breaks(list) => format!("breaks: {}", names(list)),
    }
}
