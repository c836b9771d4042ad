//! Selvedge: the default strategy for proofs, `random` for sampling.

use ::selvedge::core::settings::Settings;
use ::selvedge::{Explorer, Report};

use super::Searched;

/// An explorer that looks at no variables.
pub(crate) fn explorer() -> Explorer {
    Explorer::with_settings(Settings::default())
}

pub(super) fn search(body: impl Fn() + Send + Sync + 'static) -> Result<Searched, String> {
    let report = explorer().run(body);
    if !report.exhausted() {
        return Err(ended(&report));
    }
    Ok(Searched { executions: report.executions(), blocked: report.blocked() })
}

pub(super) fn sample(body: impl Fn() + Send + Sync + 'static) -> Result<(), String> {
    Err(ended(&explorer().strategy("random").max_executions(u64::MAX).run(body)))
}

fn ended(report: &Report) -> String {
    let failures: Vec<String> =
        report.failures().iter().map(|failure| failure.fault.message.clone()).collect();
    format!("selvedge ended: {}. {}", report.verdict(), failures.join(". "))
}
