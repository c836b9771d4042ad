//! Where results go: to stdout in one form, to files in others, and to GitHub.

use std::collections::hash_map::RandomState;
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use selvedge_engines::replace_file;
use selvedge_report::summary::Row;
use selvedge_report::{github, html, json, junit, markdown, sarif};

use crate::args::{Format, Formats};
use crate::{BadInput, output};

/// A summary of more bytes is refused by GitHub.
const LONGEST_SUMMARY: usize = 1 << 20;

/// Where the results of a command go.
pub(crate) struct Outlet {
    stdout: Stdout,
    files: Vec<(PathBuf, Document)>,
    /// How this command line is called, for the commands that repeat failures.
    program: String,
}

/// What is on stdout.
enum Stdout {
    Text,
    /// The text, which is no command whatever it says; then commands.
    Github(Quoted),
    Document(Document),
}

/// A format that is a document by itself, in a file or on stdout.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Document {
    Json,
    Junit,
    Sarif,
    Markdown,
    Html,
}

impl Document {
    const ALL: [Document; 5] =
        [Document::Json, Document::Junit, Document::Sarif, Document::Markdown, Document::Html];

    fn of(format: Format) -> Option<Self> {
        match format {
            Format::Text | Format::Github => None,
            Format::Json => Some(Document::Json),
            Format::Junit => Some(Document::Junit),
            Format::Sarif => Some(Document::Sarif),
            Format::Markdown => Some(Document::Markdown),
            Format::Html => Some(Document::Html),
        }
    }

    fn file(self) -> &'static str {
        match self {
            Document::Json => "selvedge.json",
            Document::Junit => "selvedge.junit.xml",
            Document::Sarif => "selvedge.sarif",
            Document::Markdown => "selvedge.md",
            Document::Html => "selvedge.html",
        }
    }

    fn render(self, rows: &[Row<'_>], program: &str) -> String {
        match self {
            Document::Json => json::lines(rows),
            Document::Junit => junit::document(rows, program),
            Document::Sarif => sarif::document(rows, program),
            Document::Markdown => markdown::document(rows, program),
            Document::Html => html::page(rows, program),
        }
    }
}

impl Outlet {
    /// To be called when all other input is known to be good: what is printed
    /// from now on is output.
    ///
    /// Whether files can be written is found out before anything is explored.
    pub(crate) fn open(options: &Formats, program: String) -> Result<Self, BadInput> {
        let formats = &options.format;
        let Some(directory) = &options.out else {
            return match formats.as_slice() {
                [] => Ok(Outlet::on_stdout(None, program)),
                [one] => Ok(Outlet::on_stdout(Some(*one), program)),
                _ => Err("several formats do not fit on stdout: add --out DIR".into()),
            };
        };
        let mut documents: Vec<Document> = Vec::new();
        for document in formats.iter().copied().filter_map(Document::of) {
            if !documents.contains(&document) {
                documents.push(document);
            }
        }
        if documents.is_empty() {
            let what = "--out: nothing is to be written; \
                        --format json, junit, sarif, markdown and html have files";
            return Err(what.into());
        }
        let github = formats.iter().copied().find(|format| *format == Format::Github);
        Outlet::with_files(github, directory, &documents, program)
    }

    /// One format on stdout, and a file of each document in a directory.
    pub(crate) fn all(
        format: Option<Format>,
        directory: &Path,
        program: String,
    ) -> Result<Self, BadInput> {
        Outlet::with_files(format, directory, &Document::ALL, program)
    }

    /// One format on stdout, and nothing else.
    pub(crate) fn on_stdout(format: Option<Format>, program: String) -> Self {
        let stdout = match format {
            None | Some(Format::Text) => Stdout::Text,
            Some(Format::Github) => Stdout::Github(Quoted::begin()),
            Some(format) => Document::of(format).map_or(Stdout::Text, Stdout::Document),
        };
        Outlet { stdout, files: Vec::new(), program }
    }

    fn with_files(
        format: Option<Format>,
        directory: &Path,
        documents: &[Document],
        program: String,
    ) -> Result<Self, BadInput> {
        writable(directory).map_err(|error| cannot_write(directory, &error))?;
        let file = |document: &Document| (directory.join(document.file()), *document);
        let files = documents.iter().map(file).collect();
        Ok(Outlet { files, ..Outlet::on_stdout(format, program) })
    }

    /// How this command line is called.
    pub(crate) fn program(&self) -> &str {
        &self.program
    }

    /// True if it is for people who read stdout.
    pub(crate) fn shows_text(&self) -> bool {
        matches!(self.stdout, Stdout::Text | Stdout::Github(_))
    }

    /// Prints a result at once, if the format has a line for each.
    pub(crate) fn stream(&self, row: &Row<'_>) {
        if matches!(self.stdout, Stdout::Document(Document::Json)) {
            output::line(&json::line(row));
        }
    }

    /// All results are there.
    pub(crate) fn end(self, rows: &[Row<'_>]) -> Result<(), BadInput> {
        if let Stdout::Document(document) = self.stdout
            && document != Document::Json
        {
            output::print(&document.render(rows, &self.program));
        }
        self.break_off(rows)
    }

    /// The last result is an error, which is told by the caller: nothing more is
    /// printed, but files have what there is.
    pub(crate) fn break_off(self, rows: &[Row<'_>]) -> Result<(), BadInput> {
        let mut result = Ok(());
        for (path, document) in &self.files {
            let written = replace_file(path, &[&document.render(rows, &self.program)]);
            result = result.and(written.map_err(|error| cannot_write(path, &error)));
        }
        if let Stdout::Github(quoted) = self.stdout {
            drop(quoted);
            output::print(&github::commands(rows, &self.program));
            result = result.and(summarize(rows, &self.program));
        }
        result
    }
}

/// Text in the output of a GitHub job in which no line is a command, as long as
/// this lives.
struct Quoted(String);

impl Quoted {
    fn begin() -> Self {
        // The standard library's hashers are seeded at random: nobody guesses it.
        let token = format!("{:016x}", RandomState::new().build_hasher().finish());
        output::print(&github::stop(&token));
        Quoted(token)
    }
}

impl Drop for Quoted {
    fn drop(&mut self) {
        output::print(&github::resume(&self.0));
    }
}

/// Appends to the summary of a GitHub job, if there is one.
fn summarize(rows: &[Row<'_>], program: &str) -> Result<(), BadInput> {
    let name = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|name| !name.is_empty());
    let Some(path) = name.map(PathBuf::from) else {
        return Ok(());
    };
    let mut text = Document::Markdown.render(rows, program);
    if text.len() > LONGEST_SUMMARY {
        text = markdown::table(rows);
    }
    let file = OpenOptions::new().create(true).append(true).open(&path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| cannot_write(&path, &error))
}

/// Makes a directory, and tries whether files can be made in it.
fn writable(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let probe = directory.join(format!("selvedge.{}.tmp", std::process::id()));
    File::create(&probe)?;
    fs::remove_file(probe)
}

fn cannot_write(path: &Path, error: &io::Error) -> BadInput {
    format!("cannot write {}: {error}", path.display()).into()
}
