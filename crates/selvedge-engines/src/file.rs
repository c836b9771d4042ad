//! Files of Selvedge: the state of a search, the result of a part of it, the
//! outcome of a test, the results of a run of tests.
//!
//! Two lines: a header, which says what the data are and which search they are
//! of, and the data. A file is replaced as a whole or not at all.

use std::fs::{self, File};
use std::hash::Hasher;
use std::io::{ErrorKind, Write};
use std::path::Path;

use rustc_hash::FxHasher;
use selvedge_core::explore::Shard;
use selvedge_core::settings::Settings;
use selvedge_core::time::Time;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The version of the files' form.
const FORMAT: u32 = 1;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the data are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// The state of a search.
    Checkpoint,
    /// The result of a part of a search.
    Part,
    /// What came out of a test.
    Outcome,
    /// The results of a run of tests.
    Run,
}

impl Content {
    fn name(self) -> &'static str {
        match self {
            Content::Checkpoint => "checkpoint",
            Content::Part => "part of a search",
            Content::Outcome => "outcome of a test",
            Content::Run => "run of tests",
        }
    }
}

/// Which search it is: what two runs must have in common to be the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    /// The version of Selvedge.
    selvedge: String,
    /// The program's name.
    pub(crate) program: Option<String>,
    /// What its first execution does, and where.
    first_execution: String,
    strategy: String,
    memory_model: String,
    #[serde(default)]
    time: Time,
    max_steps: u64,
    keep_going: bool,
    /// How many parts the search has.
    pub(crate) parts: u32,
}

impl Identity {
    pub(crate) fn new(settings: &Settings, first_execution: u64) -> Self {
        Identity {
            selvedge: VERSION.to_owned(),
            program: settings.name.clone(),
            first_execution: format!("{first_execution:016x}"),
            strategy: "exhaustive".to_owned(),
            memory_model: "sc".to_owned(),
            time: settings.time,
            max_steps: settings.max_steps,
            keep_going: settings.keep_going,
            parts: settings.shard.map_or(1, |shard| shard.count),
        }
    }

    /// In what the other one differs, in words.
    pub(crate) fn difference(&self, other: &Identity) -> Option<String> {
        let program = |id: &Identity| id.program.clone().unwrap_or_else(|| "no name".to_owned());
        let differs = |what: &str, mine: String, theirs: String| {
            (mine != theirs).then(|| format!("it is of {what}{theirs}, and not of {what}{mine}"))
        };
        let on = |on: bool| if on { "on" } else { "off" }.to_owned();
        let parts = |id: &Identity| match id.parts {
            1 => "one part".to_owned(),
            parts => format!("{parts} parts"),
        };
        differs("", program(self), program(other))
            .or_else(|| differs("Selvedge ", self.selvedge.clone(), other.selvedge.clone()))
            .or_else(|| differs("strategy ", self.strategy.clone(), other.strategy.clone()))
            .or_else(|| {
                differs("memory model ", self.memory_model.clone(), other.memory_model.clone())
            })
            .or_else(|| differs("time ", self.time.to_string(), other.time.to_string()))
            .or_else(|| {
                differs("max-steps ", self.max_steps.to_string(), other.max_steps.to_string())
            })
            .or_else(|| differs("keep-going ", on(self.keep_going), on(other.keep_going)))
            .or_else(|| differs("a search in ", parts(self), parts(other)))
            .or_else(|| (self != other).then(|| "the program has changed since".to_owned()))
    }
}

/// The first line of a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Header<A> {
    content: Content,
    format: u32,
    /// The version of Selvedge, and what there is to be known beside it.
    #[serde(flatten)]
    about: A,
    /// A hash of the data.
    data: String,
}

/// What the header says of a file that is of a search.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct OfSearch {
    #[serde(flatten)]
    pub(crate) identity: Identity,
    pub(crate) shard: Option<Shard>,
    /// Nothing is left to be explored.
    pub(crate) finished: bool,
}

/// What the header says of any file.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct OfAny {
    selvedge: String,
}

/// Writes a file that is of no search, as [`replace_file`] does.
///
/// # Errors
/// One sentence, if that is not possible.
pub fn save<T: Serialize>(path: &Path, content: Content, data: &T) -> Result<(), String> {
    write(path, content, OfAny { selvedge: VERSION.to_owned() }, data)
}

/// Reads what [`save`] wrote; `None` if there is no such file.
///
/// # Errors
/// One sentence, if the file cannot be read, is damaged, or is of a version
/// that has another form.
pub fn load<T: DeserializeOwned>(path: &Path, content: Content) -> Result<Option<T>, String> {
    Ok(read::<OfAny, T>(path, content)?.map(|(_, data)| data))
}

/// Writes a file, as [`replace_file`] does.
pub(crate) fn write<A: Serialize, T: Serialize>(
    path: &Path,
    content: Content,
    about: A,
    data: &T,
) -> Result<(), String> {
    let failed = |what: &dyn std::fmt::Display| {
        format!("cannot write the {} {}: {what}", content.name(), path.display())
    };
    let data = serde_json::to_string(data).map_err(|error| failed(&error))?;
    let header = Header { content, format: FORMAT, about, data: hash(&data) };
    let header = serde_json::to_string(&header).map_err(|error| failed(&error))?;
    replace_file(path, &[&header, "\n", &data, "\n"]).map_err(|error| failed(&error))
}

/// Writes a file of these parts, as a whole or not at all.
///
/// # Errors
///
/// What the file system says; then the file is as it was before.
pub fn replace_file(path: &Path, parts: &[&str]) -> std::io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut name = path.file_name().ok_or(ErrorKind::InvalidInput)?.to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = directory.join(name);
    let written = (|| {
        let mut file = File::create(&temporary)?;
        parts.iter().try_for_each(|part| file.write_all(part.as_bytes()))?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    })();
    if written.is_err() {
        // What could not be written is of no use; that matters less than why.
        drop(fs::remove_file(&temporary));
        return written;
    }
    // Where directories cannot be synchronised the rename is all there is.
    drop(File::open(directory).and_then(|directory| directory.sync_all()));
    Ok(())
}

/// Reads a file of that content; `None` if there is none.
pub(crate) fn read<A: DeserializeOwned, T: DeserializeOwned>(
    path: &Path,
    content: Content,
) -> Result<Option<(A, T)>, String> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("cannot read {}: {error}", path.display())),
    };
    let none = || format!("{} is no {} of Selvedge", path.display(), content.name());
    let (first, rest) = text.split_once('\n').ok_or_else(none)?;
    let data = rest.strip_suffix('\n').unwrap_or(rest);
    let any: Header<OfAny> = serde_json::from_str(first).map_err(|_| none())?;
    if any.content != content {
        return Err(none());
    }
    if any.format != FORMAT {
        let (path, theirs) = (path.display(), any.about.selvedge);
        return Err(format!("{path} was written by Selvedge {theirs}, and this is {VERSION}"));
    }
    let damaged = || format!("{} is damaged", path.display());
    let header: Header<A> = serde_json::from_str(first).map_err(|_| damaged())?;
    if header.data != hash(data) {
        return Err(damaged());
    }
    let data = serde_json::from_str(data).map_err(|_| damaged())?;
    Ok(Some((header.about, data)))
}

/// The same, of a file that has to be there.
pub(crate) fn read_existing<T: DeserializeOwned>(
    path: &Path,
    content: Content,
) -> Result<(OfSearch, T), String> {
    read(path, content)?.ok_or_else(|| format!("there is no file {}", path.display()))
}

/// A file that an unfinished search is in, or something else, is not to be
/// overwritten by another search.
pub(crate) fn may_be_overwritten(path: &Path) -> Result<(), String> {
    match read::<OfSearch, serde_json::Value>(path, Content::Checkpoint)? {
        Some((header, _)) if !header.finished => Err(format!(
            "{} holds a search that is not finished: go on with it (resume), or remove it",
            path.display()
        )),
        _ => Ok(()),
    }
}

fn hash(data: &str) -> String {
    let mut hash = FxHasher::default();
    hash.write(data.as_bytes());
    format!("{:016x}", hash.finish())
}
