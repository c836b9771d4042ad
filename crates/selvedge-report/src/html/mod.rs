//! Failures as one page for a browser: a file that needs nothing beside it.
//!
//! What the page says stands in its HTML, the executions as JSON beside it; a
//! script draws them, thread by thread, and steps through them. Without the
//! script it shows the drawings of the terminal. Text of the program under
//! test is escaped here, and the script sets it as text: it is never markup.
//!
//! | file | holds |
//! |---|---|
//! | `reading.js` | what can be read off an execution: lives, sections, the state after a step |
//! | `layout.js` | where rows and threads stand |
//! | `draw.js` | rows as HTML, the lines between them as SVG, in chunks as they come into view |
//! | `page.js` | one failure with its views; keys, address, light and dark |
//! | `page.css` | the look |

use maud::{DOCTYPE, Markup, PreEscaped, html};
use selvedge_core::failure::{Explanation, Failure, SourceLine};
use selvedge_core::trace::Trace;
use serde::Serialize;

use crate::columns::columns;
use crate::style::Style;
use crate::summary::{self, Row, verdict};
use crate::text::{counted, harmless, number, time};

const STYLE: &str = include_str!("page.css");

/// One script: a block, so that its names are its own.
const SCRIPT: &str = concat!(
    "\"use strict\";\n{\n",
    include_str!("reading.js"),
    include_str!("layout.js"),
    include_str!("draw.js"),
    include_str!("page.js"),
    "}\n"
);

/// The page loads nothing, whatever it says.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// The width of the drawings that are shown where no script runs.
const PLAIN: Style = Style::plain(120);

/// A table of all scenarios, and each failure with its drawing.
///
/// `program` is how this command line is called, for the line that repeats a
/// failure.
pub fn page(rows: &[Row<'_>], program: &str) -> String {
    let failures = rows.iter().flat_map(|row| row.report.failures.iter().map(move |f| (row, f)));
    let sentence = summary::sentence(rows);
    let body = html! {
        (verdicts(rows))
        @for (index, (row, failure)) in failures.enumerate() {
            (section(failure, &row.title(), row.replay(failure, program), &name(index)))
        }
    };
    document("Selvedge", &sentence, &body)
}

/// The name of a failure in the address of the page.
fn name(index: usize) -> String {
    format!("f{}", index + 1)
}

fn document(title: &str, sentence: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (shown(title)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header.top {
                    div { h1 { (shown(title)) } p { (shown(sentence)) } }
                    div.tools {}
                }
                main { (body) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// Text of the program under test: without control characters.
fn shown(text: &str) -> String {
    harmless(text.trim())
}

/// The class of a row's mark.
fn class(mark: &str) -> &'static str {
    match mark {
        "✓" => "good",
        "✗" => "bad",
        _ => "unsure",
    }
}

fn verdicts(rows: &[Row<'_>]) -> Markup {
    // The number of the first failure of each scenario.
    let firsts = rows.iter().scan(0, |next, row| {
        let first = *next;
        *next += row.report.failures.len();
        Some(first)
    });
    html! {
        div.scroll {
            table.verdicts {
                thead {
                    tr {
                        th.mark { } th { (Row::noun(rows)) } th { "expected" } th { "verdict" }
                        th.n { "executions" } th.n { "blocked" } th.n { "time" }
                    }
                }
                tbody {
                    @for (row, first) in rows.iter().zip(firsts) {
                        tr {
                            td.mark.(class(row.mark())) { (row.mark()) }
                            td {
                                @if row.report.failures.is_empty() { (shown(row.subject.name)) }
                                @else { a href={ "#" (name(first)) } { (shown(row.subject.name)) } }
                            }
                            td { (row.subject.expect.as_str()) }
                            td { (shown(&verdict(row.report))) }
                            td.n { (number(row.report.executions)) }
                            td.n { (number(row.report.blocked)) }
                            td.n { (time(row.report.elapsed)) }
                        }
                    }
                }
            }
        }
    }
}

/// The program's own words, or the name if it says nothing.
fn headline(failure: &Failure) -> String {
    match failure.message().trim() {
        "" => shown(failure.name()),
        message => shown(message),
    }
}

fn section(failure: &Failure, title: &str, replay: Option<String>, id: &str) -> Markup {
    let kind = failure.kind().words();
    let named = failure.name() != kind && failure.name() != headline(failure);
    html! {
        section.failure id=(id) aria-label=(shown(title)) {
            h2 { (shown(title)) span.kind { (kind) } }
            p.message { (headline(failure)) }
            p.where {
                @if named { (shown(failure.name())) }
                @if let Some(place) = &failure.fault.place {
                    @if named { " · " }
                    code { (shown(&place.to_string())) }
                }
            }
            @if let Some(found) = &failure.story.explanation { (explanation(found)) }
            @if !failure.fault.details.is_empty() {
                ul.details {
                    @for detail in &failure.fault.details {
                        li {
                            (shown(&detail.text))
                            @if let Some(place) = &detail.place {
                                " " code.at { (shown(&place.to_string())) }
                            }
                        }
                    }
                }
            }
            (facts(failure))
            @if let Some(replay) = replay { div.replay { code { (shown(&replay)) } } }
            @if let Some(trace) = &failure.trace { (drawing(failure, trace)) }
        }
    }
}

fn explanation(found: &Explanation) -> Markup {
    html! {
        div.explanation {
            p.pattern { (shown(&found.pattern)) }
            p.sentence { (shown(&found.text)) }
            @if !found.lines.is_empty() {
                table {
                    tbody {
                        @for line in &found.lines {
                            tr {
                                td { code { (shown(&line.place.short())) } }
                                td { code { (shown(&line.code)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn facts(failure: &Failure) -> Markup {
    let before = |n: usize, m: usize| if n == m { String::new() } else { format!("{n} → ") };
    html! {
        div.facts {
            @if let Some(simplified) = &failure.story.simplified {
                @let (from, to) = (simplified.before, simplified.after);
                span { (before(from.threads, to.threads)) b { (to.threads) } " threads" }
                span { (before(from.steps, to.steps)) b { (to.steps) } " steps" }
                span { (before(from.switches, to.switches)) b { (to.switches) } " switches" }
                span {
                    (before(from.preemptions, to.preemptions)) b { (to.preemptions) } (if to.preemptions == 1 { " preemption" } else { " preemptions" })
                    @if simplified.least {
                        ": no execution with fewer fails in this way"
                    } @else {
                        ": simplifying stopped at its budget of " (time(simplified.budget)) ", fewer may be possible"
                    }
                }
            } @else if let Some(trace) = &failure.trace {
                span { b { (trace.threads.len()) } " threads" }
                span { b { (trace.operations()) } " steps" }
                span { b { (trace.switches()) } " switches" }
            }
            span {
                "met in execution " b { (number(failure.executions)) }
                @if failure.count > 1 { ", failing in " b { (counted(failure.count, "execution")) } }
            }
        }
    }
}

/// What the script draws.
#[derive(Serialize)]
struct Data<'a> {
    shown: &'a Trace,
    met: Option<&'a Trace>,
    passing: Option<&'a Trace>,
    /// The steps that decide, in the order in which the explanation has them.
    decisive: &'a [usize],
    lines: &'a [SourceLine],
}

fn drawing(failure: &Failure, trace: &Trace) -> Markup {
    let story = &failure.story;
    let found = story.explanation.as_ref();
    let data = Data {
        shown: trace,
        met: story.met.as_ref(),
        passing: story.passing.as_ref(),
        decisive: found.map_or(&[], |found| &found.steps),
        lines: found.map_or(&[], |found| &found.lines),
    };
    html! {
        pre.plain { (harmless(&columns(trace, &PLAIN))) }
        div.legend {
            span { "● does something" } span { "○ looks" } span { "◆ plain memory" } span { "» remark" }
            span.reads { "→ reads what was left there" } span { "→ must come after" }
            span { "▒ cannot go on" } span.blocks { "→ blocks" }
            span.decides { "numbered: decides" }
        }
        script type="application/json" { (PreEscaped(json(&data))) }
    }
}

/// JSON that can stand in a script element: nothing in it ends the element, or
/// opens a comment in it.
fn json(data: &impl Serialize) -> String {
    let json = serde_json::to_string(data).expect("strings and numbers are always valid JSON");
    // Outside of strings JSON has no such character.
    json.replace('<', "\\u003c")
}
