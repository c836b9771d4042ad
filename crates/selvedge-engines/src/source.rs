//! Lines of the user's code, read where they stand.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use selvedge_core::failure::SourceLine;
use selvedge_core::place::Place;
use selvedge_core::trace::Trace;

/// The lines at which these steps of a trace are, each once, where the files
/// can be read: a report without them is as true.
pub(crate) fn lines(trace: &Trace, steps: &[usize]) -> Vec<SourceLine> {
    let mut files: HashMap<String, Option<String>> = HashMap::new();
    let mut lines: Vec<SourceLine> = Vec::new();
    let places = steps.iter().filter_map(|step| trace.steps.get(*step)?.place.as_ref());
    for place in places {
        let same =
            |line: &SourceLine| line.place.file == place.file && line.place.line == place.line;
        if lines.iter().any(same) {
            continue;
        }
        let text = files.entry(place.file.clone()).or_insert_with(|| read(&place.file));
        if let Some(code) = text.as_deref().and_then(|text| line(text, place)) {
            lines.push(SourceLine { place: place.clone(), code });
        }
    }
    lines
}

fn line(text: &str, place: &Place) -> Option<String> {
    let code = text.lines().nth((place.line as usize).checked_sub(1)?)?.trim();
    (!code.is_empty()).then(|| code.to_owned())
}

/// The compiler names files from where it was started: the root of the user's
/// workspace. A test runs in the directory of its package, at or below that.
fn read(file: &str) -> Option<String> {
    let file = Path::new(file);
    if file.is_absolute() {
        return fs::read_to_string(file).ok();
    }
    let here: PathBuf = std::env::current_dir().ok()?;
    here.ancestors().find_map(|root| fs::read_to_string(root.join(file)).ok())
}
