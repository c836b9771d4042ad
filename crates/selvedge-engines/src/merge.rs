//! One report of the parts of a search that were explored by processes of
//! their own.

use std::path::{Path, PathBuf};

use selvedge_core::explore::Knowledge;
use selvedge_core::report::{End, Report};
use serde::{Deserialize, Serialize};

use crate::file::{self, Content, OfSearch};

/// The result of a part.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) report: Report,
    pub(crate) knowledge: Knowledge,
}

/// The parts of a search, put together.
#[derive(Clone, Debug)]
pub struct Merged {
    /// The name of the program.
    pub program: Option<String>,
    /// One report; bounded if a part is missing.
    pub report: Report,
    /// The parts that are missing, by their numbers.
    pub missing: Vec<u32>,
}

/// Puts together the results of the parts of one search.
///
/// # Errors
/// One sentence: a file cannot be read, is of another search, or is there
/// twice; or a part did not know what another one has learnt.
pub fn merge(files: &[PathBuf]) -> Result<Merged, String> {
    let mut parts: Vec<(u32, &Path, OfSearch, Part)> = Vec::new();
    for path in files {
        let (header, part) = file::read_existing::<Part>(path, Content::Part)?;
        let number = header.shard.map_or(1, |shard| shard.number);
        if let Some((_, first, known, _)) = parts.first()
            && let Some(difference) = known.identity.difference(&header.identity)
        {
            let (path, first) = (path.display(), first.display());
            return Err(format!("{path} is not of the same search as {first}: {difference}"));
        }
        if let Some((_, first, ..)) = parts.iter().find(|(known, ..)| *known == number) {
            let (path, first) = (path.display(), first.display());
            return Err(format!("part {number} is there twice: {first} and {path}"));
        }
        parts.push((number, path, header, part));
    }
    parts.sort_by_key(|(number, ..)| *number);
    same_knowledge(&parts)?;
    let Some((.., header, _)) = parts.first() else {
        return Err("there is nothing to be merged".to_owned());
    };
    let (program, count) = (header.identity.program.clone(), header.identity.parts);
    let there = |number: &u32| parts.iter().any(|(known, ..)| known == number);
    let missing: Vec<u32> = (1..=count).filter(|number| !there(number)).collect();
    let reports = parts.into_iter().map(|(.., part)| part.report);
    let mut report = Report::merged(reports).ok_or("there is nothing to be merged")?;
    if !missing.is_empty() {
        let numbers: Vec<String> = missing.iter().map(u32::to_string).collect();
        let (s, are) = if missing.len() == 1 { ("", "is") } else { ("s", "are") };
        let what = format!("part{s} {} of {count} {are} missing", numbers.join(", "));
        report.end = End::Bounded(what);
    } else if report.exhausted() {
        report.explored = 1.0;
    }
    Ok(Merged { program, report, missing })
}

/// A part that did not know what another one has learnt is a part of another
/// division of the search.
fn same_knowledge(parts: &[(u32, &Path, OfSearch, Part)]) -> Result<(), String> {
    let mut all = Knowledge::default();
    parts.iter().for_each(|(.., part)| all.add(&part.knowledge));
    let knows = |part: &Part| part.knowledge == all;
    if parts.iter().all(|(.., part)| knows(part)) {
        return Ok(());
    }
    let numbers: Vec<String> = parts
        .iter()
        .filter(|(.., part)| !knows(part))
        .map(|(number, ..)| number.to_string())
        .collect();
    let files: Vec<String> =
        parts.iter().map(|(_, path, ..)| format!("--learnt {}", path.display())).collect();
    Err(format!(
        "a part has learnt more of the program than others knew: explore part {} again with {}",
        numbers.join(", "),
        files.join(" ")
    ))
}
