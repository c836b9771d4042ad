//! A failure in full: what the program said, what it means, who waits for
//! whom, the drawing, and how to see it again.

use selvedge_core::failure::{Detail, Explanation, Failure, Simplified, SourceLine, Story};
use selvedge_core::report::{Report, Verdict};
use selvedge_core::time::Time;
use selvedge_core::trace::Trace;

use crate::columns::columns;
use crate::style::{Ink, Style};
use crate::summary::bounded_by;
use crate::text::{counted, cut, harmless, number, time, width, wrap};

/// Schedules longer than this are not printed: nobody copies them by hand.
const LONGEST_SCHEDULE: usize = 2_000;

/// One failure: the program's own message first, then the verdict, the
/// explanation, the drawing, and last the command that repeats it.
///
/// `title` is the name of the scenario or the test (may be empty). Without a
/// `replay` command the schedule itself is shown, if there is one.
pub fn failure(failure: &Failure, title: &str, replay: Option<&str>, style: &Style) -> String {
    let mut out = String::new();
    message(&mut out, failure, style);
    verdict(&mut out, failure, title, style);
    if !failure.fault.details.is_empty() {
        out.push('\n');
        explain(&mut out, &failure.fault.details, style);
    }
    if let Some(trace) = &failure.trace {
        let drawing = columns(trace, style);
        if !drawing.is_empty() {
            out.push('\n');
            out.push_str(&drawing);
        }
    }
    if let Some(explanation) = &failure.story.explanation {
        out.push('\n');
        words(&mut out, explanation, failure.trace.as_ref(), style);
    }
    if let Some((label, text)) = again(failure, replay) {
        out.push('\n');
        style.paint_into(&mut out, Ink::Dim, label);
        out.push(' ');
        style.paint_into(&mut out, Ink::Strong, &text);
        out.push('\n');
    }
    out
}

/// Several failures of a program, each as [`failure`] writes it, with the
/// command that `replay` gives; an execution that shows several of them is
/// drawn, explained and to be repeated once.
pub fn failures(
    list: &[&Failure],
    title: &str,
    replay: impl Fn(&Failure) -> Option<String>,
    style: &Style,
) -> Vec<String> {
    let write = |(index, one): (usize, &&Failure)| {
        let shown = |earlier: &&Failure| earlier.schedule == one.schedule;
        if one.schedule.is_some() && list[..index].iter().any(shown) {
            let (trace, schedule, story) = (None, None, Story::default());
            failure(&Failure { trace, schedule, story, ..(*one).clone() }, title, None, style)
        } else {
            failure(one, title, replay(one).as_deref(), style)
        }
    };
    list.iter().enumerate().map(write).collect()
}

/// All that `selvedge::model` says about an exploration: each failure in full
/// and what was explored; one sentence if there is none.
pub fn report(report: &Report, style: &Style) -> String {
    let mut out = String::new();
    let list: Vec<&Failure> = report.failures.iter().collect();
    for one in failures(&list, "", |_| None, style) {
        out.push_str(&one);
        out.push('\n');
    }
    out.push_str(&conclusion(report, style));
    out
}

/// One sentence: the verdict, what was explored, and what that proves.
pub fn conclusion(report: &Report, style: &Style) -> String {
    let (ink, sentence) = sentence(report);
    let mut out = String::new();
    for line in wrap(&sentence, style.width) {
        style.paint_into(&mut out, ink, &line);
        out.push('\n');
    }
    if report.verdict() == Verdict::HoldsExhausted {
        for assumption in &report.assumptions {
            for line in wrap(&format!("assumed: {assumption}"), style.width) {
                style.paint_into(&mut out, Ink::Unsure, &line);
                out.push('\n');
            }
        }
    }
    out
}

fn sentence(report: &Report) -> (Ink, String) {
    let how = how(report);
    let executions = counted(report.executions, "execution");
    match report.verdict() {
        Verdict::Error(what) => (Ink::Failure, format!("error: {what} ({how})")),
        Verdict::HoldsExhausted => {
            let all = match report.executions {
                1 => "the only behaviour was explored and does not fail".to_owned(),
                n => format!("all {} behaviours were explored, none fails", number(n)),
            };
            (Ink::Good, format!("holds, exhausted: {all} ({how})"))
        }
        Verdict::HoldsBounded(_) => {
            let bound = bounded_by(report).filter(|bound| *bound != executions);
            let bound = bound.map_or(String::new(), |bound| format!(" ({bound})"));
            let text = format!(
                "holds, bounded{bound}: no failure in {executions}, which is no proof ({how})"
            );
            (Ink::Unsure, text)
        }
        Verdict::Fails => {
            let failures = counted(report.failures.len() as u64, "failure");
            let failing = number(report.failing);
            (Ink::Dim, format!("fails: {failures}, in {failing} of {executions} ({how})"))
        }
    }
}

/// Engine, strategy, memory model, executions abandoned, time.
fn how(report: &Report) -> String {
    let mut parts = vec![report.engine.to_string()];
    if report.strategy != report.engine.as_str() {
        parts.push(report.strategy.clone());
    }
    parts.push(report.memory_model.clone());
    if report.time == Time::Virtual {
        parts.push("virtual time".to_owned());
    }
    if report.blocked > 0 {
        parts.push(format!("{} abandoned as redundant", number(report.blocked)));
    }
    parts.push(time(report.elapsed));
    parts.join(", ")
}

/// What the user's code says, or the name if it says nothing.
fn spoken(failure: &Failure) -> &str {
    match failure.message().trim() {
        "" => failure.name(),
        message => message,
    }
}

fn message(out: &mut String, failure: &Failure, style: &Style) {
    style.paint_into(out, Ink::Failure, "✗");
    for (index, line) in wrap(spoken(failure), style.width.saturating_sub(2)).iter().enumerate() {
        out.push_str(if index == 0 { " " } else { "  " });
        style.paint_into(out, Ink::Failure, line);
        out.push('\n');
    }
}

fn verdict(out: &mut String, failure: &Failure, title: &str, style: &Style) {
    let kind = failure.kind().words();
    let named = failure.name() != kind && failure.name() != spoken(failure);
    let what =
        if named { format!("{kind}: {}", harmless(failure.name())) } else { kind.to_owned() };
    out.push_str("  ");
    style.paint_into(out, Ink::Strong, &what);
    if let Some(place) = &failure.fault.place {
        let place = place.to_string();
        // At the end of a line a terminal finds the place and makes it a link.
        if 2 + width(&what) + 4 + width(&place) <= style.width {
            out.push_str(", at ");
        } else {
            out.push_str(",\n  at ");
        }
        out.push_str(&place);
    }
    out.push('\n');

    let mut facts = String::new();
    if !title.is_empty() {
        facts.push_str(title);
        facts.push_str(": ");
    }
    facts.push_str(&format!("met in execution {}", number(failure.executions)));
    if failure.count > 1 {
        facts.push_str(&format!(", failing in {}", number(failure.count)));
    }
    if let Some(trace) = &failure.trace {
        let steps = counted(trace.operations() as u64, "step");
        facts.push_str(&format!("; {steps}, {}", switches(trace.switches())));
        if let Some(simplified) = &failure.story.simplified {
            facts.push_str(&simplification(simplified));
        }
    }
    for line in wrap(&facts, style.width.saturating_sub(2)) {
        out.push_str("  ");
        style.paint_into(out, Ink::Dim, &line);
        out.push('\n');
    }
}

fn switches(count: usize) -> String {
    match count {
        1 => "1 switch".to_owned(),
        n => format!("{} switches", number(n as u64)),
    }
}

/// How many preemptions there are, whether there could be fewer, and what the
/// execution was like that was met.
fn simplification(simplified: &Simplified) -> String {
    let Simplified { before, after, least, executions, budget, .. } = *simplified;
    let preemptions = |n: usize| counted(n as u64, "preemption");
    let mut text = format!(", {}", preemptions(after.preemptions));
    if least && after.preemptions > 0 {
        text.push_str(" (none fails with fewer)");
    }
    if before != after {
        let more = match before.steps == after.steps {
            true => switches(before.switches),
            false => {
                format!("{}, {}", counted(before.steps as u64, "step"), switches(before.switches))
            }
        };
        let tried = counted(executions, "execution");
        text.push_str(&format!("; simplified from {more}, by {tried}"));
    }
    if !least {
        let budget = time(budget);
        text.push_str(&format!(
            "; simplifying stopped at its budget of {budget}: fewer preemptions may be possible"
        ));
    }
    text
}

/// What went wrong, in words, and the lines of the user's code that decide.
fn words(out: &mut String, explanation: &Explanation, trace: Option<&Trace>, style: &Style) {
    out.push_str("  ");
    style.paint_into(out, Ink::Strong, &harmless(&explanation.pattern));
    out.push('\n');
    for line in wrap(&explanation.text, style.width.saturating_sub(2)) {
        out.push_str("  ");
        out.push_str(&line);
        out.push('\n');
    }
    let places = explanation.lines.iter().map(|line| width(&line.place.short())).max();
    for SourceLine { place, code } in &explanation.lines {
        let steps: Vec<String> = explanation
            .steps
            .iter()
            .filter(|step| trace.is_some_and(|t| t.is_at(**step, place)))
            .filter_map(|step| Some(trace?.number(*step).to_string()))
            .collect();
        let at = format!("{:<1$}", place.short(), places.unwrap_or(0));
        let code = cut(&harmless(code), style.width.saturating_sub(width(&at) + 6));
        out.push_str("    ");
        style.paint_into(out, Ink::Dim, &at);
        out.push_str("  ");
        out.push_str(&code);
        if !steps.is_empty() {
            style.paint_into(out, Ink::Dim, &format!("  ← {}", steps.join(", ")));
        }
        out.push('\n');
    }
}

/// The lines of explanation, their places below each other at the right if
/// there is room for that.
fn explain(out: &mut String, details: &[Detail], style: &Style) {
    let shown = |detail: &Detail| detail.place.as_ref().map(ToString::to_string);
    let widest = details.iter().map(|detail| width(&harmless(&detail.text))).max().unwrap_or(0);
    let places = details.iter().filter_map(shown).map(|place| width(&place)).max().unwrap_or(0);
    let beside = 4 + widest + 2 + places <= style.width
        && details.iter().all(|detail| !detail.text.trim_end().contains('\n'));
    for detail in details {
        for (index, line) in wrap(&detail.text, style.width.saturating_sub(4)).iter().enumerate() {
            out.push_str(if index == 0 { "  · " } else { "\n    " });
            out.push_str(line);
            if beside && detail.place.is_some() {
                out.push_str(&" ".repeat(widest + 2 - width(line)));
            }
        }
        if let Some(place) = shown(detail) {
            if !beside {
                out.push_str("\n    ");
            }
            style.paint_into(out, Ink::Dim, &place);
        }
        out.push('\n');
    }
}

/// How to see the failure again: a label and what is to be copied, in one line
/// however long it is.
fn again(failure: &Failure, replay: Option<&str>) -> Option<(&'static str, String)> {
    if let Some(command) = replay {
        return Some(("replay:", command.to_owned()));
    }
    let schedule = failure.schedule()?.trim();
    if schedule.is_empty() {
        return None;
    }
    let shown = if schedule.len() > LONGEST_SCHEDULE {
        format!("({} bytes, to be found in the JSON report)", number(schedule.len() as u64))
    } else {
        harmless(schedule)
    };
    Some(("schedule:", shown))
}
