//! Files of a search: its state, or the result of a part of it.
//!
//! Two lines: a header, which says what search it is of, and the data. A file
//! is replaced as a whole or not at all.

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

/// What the data are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Content {
    /// The state of a search.
    Checkpoint,
    /// The result of a part of a search.
    Part,
}

impl Content {
    fn name(self) -> &'static str {
        match self {
            Content::Checkpoint => "checkpoint",
            Content::Part => "part of a search",
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
            selvedge: env!("CARGO_PKG_VERSION").to_owned(),
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
pub(crate) struct Header {
    pub(crate) content: Content,
    format: u32,
    #[serde(flatten)]
    pub(crate) identity: Identity,
    pub(crate) shard: Option<Shard>,
    /// Nothing is left to be explored.
    pub(crate) finished: bool,
    /// A hash of the data.
    data: String,
}

/// Writes a file, as [`replace`] does.
pub(crate) fn write<T: Serialize>(
    path: &Path,
    content: Content,
    identity: &Identity,
    shard: Option<Shard>,
    finished: bool,
    data: &T,
) -> Result<(), String> {
    let failed = |what: &dyn std::fmt::Display| {
        format!("cannot write the {} {}: {what}", content.name(), path.display())
    };
    let data = serde_json::to_string(data).map_err(|error| failed(&error))?;
    let identity = identity.clone();
    let header = Header { content, format: FORMAT, identity, shard, finished, data: hash(&data) };
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
pub(crate) fn read<T: DeserializeOwned>(
    path: &Path,
    content: Content,
) -> Result<Option<(Header, T)>, String> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("cannot read {}: {error}", path.display())),
    };
    let none = || format!("{} is no {} of Selvedge", path.display(), content.name());
    let (first, rest) = text.split_once('\n').ok_or_else(none)?;
    let data = rest.strip_suffix('\n').unwrap_or(rest);
    /// What is there in the header of any version.
    #[derive(Deserialize)]
    struct Any {
        content: Content,
        format: u32,
        selvedge: String,
    }
    let any: Any = serde_json::from_str(first).map_err(|_| none())?;
    if any.content != content {
        return Err(none());
    }
    if any.format != FORMAT {
        return Err(format!("{} was written by Selvedge {}", path.display(), any.selvedge));
    }
    let damaged = || format!("{} is damaged", path.display());
    let header: Header = serde_json::from_str(first).map_err(|_| damaged())?;
    if header.data != hash(data) {
        return Err(damaged());
    }
    let data = serde_json::from_str(data).map_err(|_| damaged())?;
    Ok(Some((header, data)))
}

/// The same, of a file that has to be there.
pub(crate) fn read_existing<T: DeserializeOwned>(
    path: &Path,
    content: Content,
) -> Result<(Header, T), String> {
    read(path, content)?.ok_or_else(|| format!("there is no file {}", path.display()))
}

/// A file that an unfinished search is in, or something else, is not to be
/// overwritten by another search.
pub(crate) fn may_be_overwritten(path: &Path) -> Result<(), String> {
    match read::<serde_json::Value>(path, Content::Checkpoint)? {
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
