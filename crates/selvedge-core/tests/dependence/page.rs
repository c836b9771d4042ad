//! The chapter of the book that shows the table: its tables are made here.

use std::fmt::Write;
use std::path::Path;

use selvedge_core::dependence::{Dependence, Entry, Footprint, TABLE};

use super::coarse::{COARSE, Why, coarse};

const BEGIN: &str = "<!-- Made by the tests of selvedge-core: UPDATE_DOCS=1 -->\n";
const END: &str = "<!-- End -->\n";

/// The tables, object by object.
fn tables() -> String {
    let mut text = String::new();
    let mut objects: Vec<&str> = TABLE.iter().map(|e| e.object).collect();
    objects.dedup();
    for object in objects {
        let lines: Vec<&Entry> = TABLE.iter().filter(|e| e.object == object).collect();
        text += &format!("### {}\n\n", heading(object));
        if lines.iter().all(|e| e.footprint == Footprint::Local) {
            let names: Vec<String> = lines.iter().map(|e| format!("`{}`", e.operation)).collect();
            text += &format!("{}: independent of everything.\n\n", names.join(", "));
            continue;
        }
        let mut head = String::from("| | touches |");
        let mut rule = String::from("|---|---|");
        for line in &lines {
            write!(head, " {} |", line.operation).expect("a string takes all");
            rule += "---|";
        }
        text += &format!("{head}\n{rule}\n");
        for a in &lines {
            write!(text, "| {} | {} |", a.operation, touches(a.footprint))
                .expect("a string takes all");
            for b in &lines {
                write!(text, " {} |", cell(a, b)).expect("a string takes all");
            }
            text.push('\n');
        }
        text.push('\n');
        text += &reasons(object);
    }
    text
}

fn heading(object: &str) -> &str {
    match object {
        "references" => {
            "references (an `Arc` or the ends of a channel, where the last drop is visible)"
        }
        "thread" => "threads",
        object => object,
    }
}

fn touches(footprint: Footprint) -> &'static str {
    match footprint {
        Footprint::Local => "its own",
        Footprint::Reads => "reads",
        Footprint::Writes => "writes",
        Footprint::ReadsOrWrites => "reads or writes",
    }
}

fn cell(a: &Entry, b: &Entry) -> String {
    let (first, second) = if index(a) <= index(b) { (a, b) } else { (b, a) };
    let mark = match coarse(a.object, first.operation, second.operation) {
        Some((.., Why::Commute, _)) => "*",
        Some((.., Why::NeverBoth, _)) => return "–".to_owned(),
        None => "",
    };
    let word = match a.footprint.against(b.footprint) {
        Dependence::Never => "no",
        Dependence::UnlessBothRead => "if one writes",
        Dependence::Always => "yes",
    };
    format!("{word}{mark}")
}

fn index(entry: &Entry) -> usize {
    TABLE.iter().position(|e| e == entry).expect("a line of the table")
}

/// What the marks in the table of an object stand for.
fn reasons(object: &str) -> String {
    let mut text = String::new();
    let mut done: Vec<&str> = Vec::new();
    for (_, _, _, why, reason) in COARSE.iter().filter(|c| c.0 == object) {
        if done.contains(reason) {
            continue;
        }
        done.push(reason);
        let pairs: Vec<String> = COARSE
            .iter()
            .filter(|c| c.0 == object && c.4 == *reason)
            .map(|(_, a, b, ..)| format!("{a} / {b}"))
            .collect();
        let mark = match why {
            Why::Commute => "\\*",
            Why::NeverBoth => "–",
        };
        text += &format!("- {mark} {}: {reason}.\n", pairs.join(", "));
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

#[test]
fn the_book_shows_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/dependence.md");
    let page = std::fs::read_to_string(&path).expect("the book has a chapter on dependence");
    let (before, rest) = page.split_once(BEGIN).expect("where the tables begin");
    let (shown, after) = rest.split_once(END).expect("where the tables end");
    let made = format!("\n{}", tables());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{made}{END}{after}"))
            .expect("the chapter can be written");
    } else if shown != made {
        panic!("set UPDATE_DOCS=1 to put this into docs/src/dependence.md:\n{made}");
    }
}
