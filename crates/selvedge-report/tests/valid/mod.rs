//! Readers of the formats for build servers, made of other crates than their
//! writers, and strict. Also of the tests of the command line.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use serde_json::Value;

static SARIF: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    // A slip in the pattern of languages, which we do not write: no regex.
    let schema = include_str!("../schemas/sarif-2.1.0.json").replace("{2}]?$", "{2}$");
    let schema = serde_json::from_str(&schema).expect("the schema is JSON");
    let options = jsonschema::options().should_validate_formats(true);
    options.build(&schema).expect("the schema is one")
});

/// What a SARIF log does not conform in: to the schema, and to what the
/// standard and GitHub say in words.
pub(crate) fn flaws_of_sarif(log: &Value) -> Vec<String> {
    let flaw =
        |error: jsonschema::ValidationError<'_>| format!("{}: {error}", error.instance_path());
    let mut flaws: Vec<String> = SARIF.iter_errors(log).map(flaw).collect();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    for run in list(&log["runs"]) {
        let rules = &run["tool"]["driver"]["rules"];
        for result in list(&run["results"]) {
            let mut must = |true_: bool, what: &str| {
                if !true_ {
                    flaws.push(format!("{what}: {result}"));
                }
            };
            let index = result["ruleIndex"].as_u64().and_then(|i| usize::try_from(i).ok());
            let rule = index.map(|index| &rules[index]["id"]);
            must(rule == Some(&result["ruleId"]), "the rule is the one at its index");
            let (kind, level) = (&result["kind"], &result["level"]);
            must(
                (kind == "fail") != (level == "none"),
                "what is no failure has no level (3.27.10)",
            );
            let place = &result["locations"][0]["physicalLocation"];
            must(place["artifactLocation"]["uri"].is_string(), "GitHub wants a file");
            must(place["region"]["startLine"].is_u64(), "GitHub wants a line");
            let flows = list(&result["codeFlows"][0]["threadFlows"]);
            let steps = flows.iter().flat_map(|flow| list(&flow["locations"]));
            let mut order: Vec<_> = steps.map(|step| step["executionOrder"].as_u64()).collect();
            order.sort_unstable();
            must(order.windows(2).all(|pair| pair[0] < pair[1]), "each step has its own turn");
        }
    }
    flaws
}

/// A SARIF log.
#[track_caller]
pub(crate) fn sarif(text: &str) -> Value {
    let log: Value = serde_json::from_str(text).expect("SARIF is JSON");
    let flaws = flaws_of_sarif(&log);
    assert!(flaws.is_empty(), "{}\n{text}", flaws.join("\n"));
    log
}

/// An element of JUnit XML, its attributes, those that it must have, and what
/// may be in it. This is the schema of Jenkins' xUnit plugin (`junit-10.xsd`)
/// as far as it is used, and what that has not: `properties`, `file` and `line`
/// of a test case, and how many are skipped in all.
type Element =
    (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

#[rustfmt::skip]
const JUNIT: &[Element] = &[
    ("testsuites", &["name", "time", "tests", "failures", "errors", "skipped"], &[], &["testsuite"]),
    ("testsuite", &["name", "time", "tests", "failures", "errors", "skipped"],
        &["name", "tests", "failures", "errors"], &["properties", "testcase"]),
    ("testcase", &["name", "time", "classname", "file", "line"], &["name"],
        &["properties", "skipped", "error", "failure", "system-out", "system-err"]),
    ("properties", &[], &[], &["property"]),
    ("property", &["name", "value"], &["name", "value"], &[]),
    ("skipped", &["type", "message"], &[], &["#text"]),
    ("error", &["type", "message"], &[], &["#text"]),
    ("failure", &["type", "message"], &[], &["#text"]),
    ("system-out", &[], &[], &["#text"]),
    ("system-err", &[], &[], &["#text"]),
];

/// What a JUnit document does not conform in.
pub(crate) fn flaws_of_junit(text: &str) -> Vec<String> {
    let document = match roxmltree::Document::parse(text) {
        Ok(document) => document,
        Err(error) => return vec![error.to_string()],
    };
    let mut flaws = Vec::new();
    if document.root_element().tag_name().name() != "testsuites" {
        flaws.push("the root is testsuites".to_owned());
    }
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        let name = node.tag_name().name();
        let Some((_, known, needed, inside)) = JUNIT.iter().find(|element| element.0 == name)
        else {
            flaws.push(format!("there is no element {name}"));
            continue;
        };
        let has = |attribute: &str| node.attributes().any(|a| a.name() == attribute);
        flaws.extend(
            node.attributes()
                .filter(|a| !known.contains(&a.name()))
                .map(|a| format!("{name} has {}", a.name())),
        );
        flaws.extend(needed.iter().filter(|a| !has(a)).map(|a| format!("{name} has no {a}")));
        for child in node.children() {
            let child_name = if child.is_text() { "#text" } else { child.tag_name().name() };
            let blank = child.text().is_some_and(|text| text.trim().is_empty());
            if !(inside.contains(&child_name) || child.is_text() && blank) {
                flaws.push(format!("{child_name} is in {name}"));
            }
        }
        let cases = |with: &str| {
            let cases = node.descendants().filter(|n| n.has_tag_name("testcase"));
            cases.filter(|n| with.is_empty() || n.children().any(|c| c.has_tag_name(with))).count()
        };
        if name.starts_with("testsuite") {
            for (attribute, with) in [
                ("tests", ""),
                ("failures", "failure"),
                ("errors", "error"),
                ("skipped", "skipped"),
            ] {
                if node.attribute(attribute) != Some(&cases(with).to_string()) {
                    flaws.push(format!("{name} has {} {attribute}", cases(with)));
                }
            }
        }
        let number = |text: &str| text.parse::<f64>().is_ok_and(|n| n >= 0.0);
        if node.attribute("time").is_some_and(|time| !number(time)) {
            flaws.push(format!("the time of {name} is no number"));
        }
        if node.attribute("line").is_some_and(|line| line.parse::<u32>().is_err()) {
            flaws.push(format!("the line of {name} is no number"));
        }
    }
    flaws
}

/// A test case of a JUnit document.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) file: Option<String>,
    pub(crate) line: Option<u32>,
    /// `failure`, `error` or `skipped`; empty if it passed.
    pub(crate) status: String,
    /// Type, message and text of that.
    pub(crate) what: [String; 3],
    pub(crate) system_out: String,
    pub(crate) system_err: String,
}

/// The test cases of a JUnit document.
#[track_caller]
pub(crate) fn junit(text: &str) -> Vec<Case> {
    let flaws = flaws_of_junit(text);
    assert!(flaws.is_empty(), "{}\n{text}", flaws.join("\n"));
    let document = roxmltree::Document::parse(text).expect("it has no flaws");
    let case = |node: roxmltree::Node<'_, '_>| {
        let string = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let mut case = Case {
            name: string(node.attribute("name")),
            file: node.attribute("file").map(str::to_owned),
            line: node.attribute("line").and_then(|line| line.parse().ok()),
            ..Case::default()
        };
        for child in node.children().filter(roxmltree::Node::is_element) {
            match child.tag_name().name() {
                "properties" => {}
                "system-out" => case.system_out = string(child.text()),
                "system-err" => case.system_err = string(child.text()),
                status => {
                    case.status = status.to_owned();
                    let attribute = |name| string(child.attribute(name));
                    case.what = [attribute("type"), attribute("message"), string(child.text())];
                }
            }
        }
        case
    };
    document.descendants().filter(|node| node.has_tag_name("testcase")).map(case).collect()
}

/// What a page in Markdown has, as a browser would show it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Page {
    /// The cells of the table, without its head.
    pub(crate) table: Vec<Vec<String>>,
    /// The code blocks: language and text.
    pub(crate) blocks: Vec<(String, String)>,
    /// Text that is in neither, a string for each paragraph.
    pub(crate) paragraphs: Vec<String>,
    /// HTML, line by line.
    pub(crate) html: Vec<String>,
}

pub(crate) fn markdown(text: &str) -> Page {
    let mut page = Page::default();
    let mut block = None;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::TableRow) => page.table.push(Vec::new()),
            Event::Start(Tag::TableCell) => {
                if let Some(row) = page.table.last_mut() {
                    row.push(String::new());
                }
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                block = Some((language.to_string(), String::new()));
            }
            Event::End(TagEnd::CodeBlock) => page.blocks.extend(block.take()),
            Event::Start(Tag::Paragraph) => page.paragraphs.push(String::new()),
            Event::Start(Tag::Heading { .. } | Tag::Table(_) | Tag::TableHead | Tag::HtmlBlock)
            | Event::End(_) => {}
            Event::Text(text) | Event::Code(text) => match (&mut block, page.paragraphs.last_mut())
            {
                (Some((_, code)), _) => code.push_str(&text),
                (None, Some(_)) if !page.table.is_empty() && page.html.is_empty() => {
                    let cell = page.table.last_mut().and_then(|row| row.last_mut());
                    cell.expect("a cell").push_str(&text);
                }
                (None, Some(paragraph)) => paragraph.push_str(&text),
                (None, None) => {}
            },
            Event::Html(html) => page.html.extend(html.lines().map(str::to_owned)),
            other => panic!("nothing else is in such a page: {other:?}\n{text}"),
        }
    }
    page
}

/// A command as a runner of GitHub Actions reads it.
#[derive(Debug, PartialEq)]
pub(crate) struct Command {
    pub(crate) name: String,
    pub(crate) properties: BTreeMap<String, String>,
    pub(crate) message: String,
}

/// The commands in the output of a step: lines that begin with `::`, be they
/// indented, while no `stop-commands` is in force. (`ActionCommand.TryParseV2`
/// and `ActionCommandManager` of the runner.)
pub(crate) fn github(output: &str) -> Vec<Command> {
    let mut commands = Vec::new();
    let mut stopped: Option<String> = None;
    for line in output.lines() {
        let Some((head, data)) =
            line.trim_start().strip_prefix("::").and_then(|l| l.split_once("::"))
        else {
            continue;
        };
        if let Some(token) = &stopped {
            if head == token {
                stopped = None;
            }
            continue;
        }
        let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
        if name == "stop-commands" {
            stopped = Some(data.to_owned());
            continue;
        }
        let pairs = properties.trim().split(',').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').expect("name=value");
            let value = value.replace("%3A", ":").replace("%2C", ",");
            (name.to_owned(), unescaped(&value))
        });
        commands.push(Command {
            name: name.to_owned(),
            properties: pairs.collect(),
            message: unescaped(data),
        });
    }
    assert_eq!(stopped, None, "what was stopped goes on");
    commands
}

fn unescaped(text: &str) -> String {
    text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
}
