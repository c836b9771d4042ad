//! What a test explores, and what was found.

use std::sync::Arc;

use selvedge_core::report::{End, Input, Report};
use selvedge_core::settings::Settings;
use selvedge_engines::Explorer;

pub(crate) type Body = Arc<dyn Fn() + Send + Sync>;

/// A program that can be run again and again.
pub(crate) struct Program {
    pub(crate) body: Body,
    /// The input that it has taken, if it takes any.
    pub(crate) input: Option<Input>,
}

impl Program {
    /// Explores this one.
    pub(crate) fn explore(self, settings: &Settings) -> Found {
        let explored = self.input.map_or(Explored::All, Explored::With);
        let body = self.body;
        let report = Explorer::with_settings(settings.clone()).run(move || body());
        Found { explored, report }
    }
}

/// Which programs were explored.
pub(crate) enum Explored {
    /// The only one that there is.
    All,
    /// The one with this input.
    With(Input),
    /// So many, each with an input of its own.
    #[cfg_attr(not(feature = "proptest"), expect(dead_code, reason = "proptest draws inputs"))]
    Drawn(u32),
}

/// What was found.
pub(crate) struct Found {
    pub(crate) explored: Explored,
    pub(crate) report: Report,
}

impl Found {
    /// The input of the program, if only the one with it was explored.
    pub(crate) fn input(&self) -> Option<&Input> {
        match &self.explored {
            Explored::With(input) => Some(input),
            Explored::All | Explored::Drawn(_) => None,
        }
    }

    /// True if nothing is left to be explored.
    pub(crate) fn is_proof(&self) -> bool {
        self.report.exhausted() && matches!(self.explored, Explored::All)
    }

    /// The report by itself: it says that there are other inputs.
    pub(crate) fn into_report(self) -> Report {
        let proof = self.is_proof();
        let Found { explored, mut report } = self;
        if report.exhausted() && !proof {
            report.end = End::Bounded(match &explored {
                Explored::Drawn(count) => inputs(*count),
                Explored::All | Explored::With(_) => inputs(1),
            });
        }
        if let Explored::With(input) = explored {
            report.input = Some(input);
        }
        report
    }
}

/// `32 inputs`.
pub(crate) fn inputs(count: u32) -> String {
    format!("{count} input{}", if count == 1 { "" } else { "s" })
}

/// The programs that a test stands for: one, or one for each input.
pub(crate) trait Programs {
    /// The program that takes this input.
    ///
    /// # Errors
    /// One sentence, if there is no such input.
    fn program(&self, input: Option<&str>) -> Result<Program, String>;

    /// Explores all of them, or as many as it can, until one fails.
    ///
    /// # Errors
    /// One sentence, if nothing could be explored.
    fn explore(&self, settings: &Settings) -> Result<Found, String>;
}

/// A program without inputs.
pub(crate) struct Single(pub(crate) Body);

impl Programs for Single {
    fn program(&self, input: Option<&str>) -> Result<Program, String> {
        match input {
            None => Ok(Program { body: Arc::clone(&self.0), input: None }),
            Some(input) => Err(format!("it takes no input, and '{input}' was given")),
        }
    }

    fn explore(&self, settings: &Settings) -> Result<Found, String> {
        Ok(self.program(None)?.explore(settings))
    }
}
