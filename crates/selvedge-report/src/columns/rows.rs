//! The rows of a drawing: what belongs together is one row, and what does not
//! matter to the failure none.

use selvedge_core::place::Place;
use selvedge_core::trace::{Role, StepKind, Trace, TraceStep};

/// One row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) thread: usize,
    pub(super) kind: StepKind,
    pub(super) text: String,
    pub(super) place: Option<Place>,
    /// The numbers of its first and its last operation, if it has any.
    pub(super) numbers: Option<(usize, usize)>,
    /// The threads that begin with it.
    pub(super) spawns: Vec<usize>,
    /// The threads whose end it has waited for.
    pub(super) joins: Vec<usize>,
    /// It is a whole critical section.
    pub(super) section: bool,
    /// Steps that are not shown, in place of all that.
    pub(super) hidden: Option<Hidden>,
}

impl Row {
    /// True if there are lines from it to the threads that it starts or joins.
    pub(super) fn is_linked(&self) -> bool {
        !self.spawns.is_empty() || !self.joins.is_empty()
    }
}

/// Steps that are not shown.
#[derive(Clone, Debug)]
pub(super) struct Hidden {
    pub(super) steps: usize,
    /// Whose they are, if that is to be told.
    pub(super) of: Vec<usize>,
    /// Threads come to their ends in them.
    pub(super) endings: bool,
}

/// Fewer rows than this are not worth being hidden.
const WORTH_HIDING: usize = 2;

/// The rows of a trace. Spawns and joins in a row become one if `together`.
pub(super) fn rows(trace: &Trace, together: bool) -> Vec<Row> {
    let mut rows: Vec<(Row, bool)> = Vec::new();
    let mut number = 0;
    let mut known = vec![false; trace.threads.len()];
    known[0] = true;
    let mut joined = vec![false; trace.threads.len()];
    let one_lock = locks(trace) == 1;
    let mut lock_named = false;
    let mut index = 0;
    while index < trace.steps.len() {
        let step = &trace.steps[index];
        let mut row = row(step, trace.threads.len());
        let mut matters = step.matters;
        let mut last = index;
        if step.kind == StepKind::Operation {
            number += 1;
            row.numbers = Some((number, number));
            match step.role {
                Role::Spawn => row.spawns.extend(child(trace, step, "spawn ", &known)),
                Role::Join => row.joins.extend(child(trace, step, "join ", &joined)),
                _ => {}
            }
            row.spawns.iter().for_each(|&child| known[child] = true);
            row.joins.iter().for_each(|&child| joined[child] = true);
            if let Some(section) = section(trace, index) {
                number += 1;
                row.numbers = Some((number - 1, number));
                matters |= trace.steps[section.end].matters;
                last = section.end;
                let named = !one_lock || !std::mem::replace(&mut lock_named, true);
                (row.text, row.place) = section.words(trace, step, named);
                row.section = true;
                rows.push((row, matters));
                rows.extend(section.rest().map(|i| {
                    (self::row(&trace.steps[i], trace.threads.len()), trace.steps[i].matters)
                }));
                index = last + 1;
                continue;
            }
        }
        let again =
            step.role == Role::Join && row.joins.is_empty() && is_joined(trace, step, &joined);
        if again || step.role == Role::Handle && is_aside(trace, index) {
            let own = rows.iter_mut().rev().take_while(|(before, _)| before.thread == row.thread);
            let mut own = own.filter(|(before, _)| before.numbers.is_some());
            if let Some((before, _)) = own.next() {
                before.numbers = before.numbers.map(|(first, _)| (first, number));
                index += 1;
                continue;
            }
        }
        match rows.last_mut() {
            Some((before, before_matters)) if together && continues(before, &row) => {
                before.numbers = before.numbers.zip(row.numbers).map(|(a, b)| (a.0, b.1));
                before.text = if before.joins.is_empty() { "spawn" } else { "join" }.to_owned();
                before.spawns.append(&mut row.spawns);
                before.joins.append(&mut row.joins);
                *before_matters |= matters;
            }
            _ => rows.push((row, matters)),
        }
        index = last + 1;
    }
    let rows = hide(rows);
    if rows.len() > CROWDED { without_endings(rows) } else { rows }
}

/// More rows than this are too many to be read at a glance.
const CROWDED: usize = 20;

/// True if the step joins a thread that was joined before.
fn is_joined(trace: &Trace, step: &TraceStep, joined: &[bool]) -> bool {
    let Some(name) = step.text.strip_prefix("join ") else { return false };
    trace.threads.iter().zip(joined).any(|(thread, joined)| thread.name == name && *joined)
}

/// True if nobody else does anything by what the step did to a count.
fn is_aside(trace: &Trace, step: usize) -> bool {
    let mut later = trace.steps.iter().skip(step + 1);
    !later.any(|s| s.matters && s.role != Role::Handle && s.after.contains(&step))
}

/// One row in the place of those in which threads end and are joined, if
/// nothing is said after them but the failure.
fn without_endings(mut rows: Vec<Row>) -> Vec<Row> {
    let speaks = |row: &Row| matches!(row.kind, StepKind::Note | StepKind::Access);
    let Some(last) = rows.iter().rposition(speaks) else { return rows };
    // What the thread that spoke last was about is still of interest.
    let begin = last + 1;
    let end = rows.iter().rposition(|row| row.kind == StepKind::Operation).map_or(begin, |i| i + 1);
    if end < begin + 3 || rows[begin..end].iter().any(|row| row.kind != StepKind::Operation) {
        return rows;
    }
    let tail = rows.split_off(end);
    let endings = rows.split_off(begin);
    let mut of: Vec<usize> = endings.iter().map(|row| row.thread).collect();
    of.sort_unstable();
    of.dedup();
    rows.extend(merged(endings, of, true));
    rows.extend(tail);
    rows
}

fn row(step: &TraceStep, threads: usize) -> Row {
    Row {
        thread: step.thread.min(threads - 1),
        kind: step.kind,
        text: step.text.clone(),
        place: step.place.clone(),
        numbers: None,
        spawns: Vec::new(),
        joins: Vec::new(),
        section: false,
        hidden: None,
    }
}

/// True if both only spawn, or only join, threads that have a column, at the
/// same place.
fn continues(before: &Row, row: &Row) -> bool {
    let same = before.thread == row.thread && before.place == row.place;
    let spawn = !before.spawns.is_empty() && !row.spawns.is_empty();
    let join = !before.joins.is_empty() && !row.joins.is_empty();
    same && before.kind == StepKind::Operation && (spawn || join)
}

/// The thread that a step spawns or joins, among those that are not known.
fn child(trace: &Trace, step: &TraceStep, verb: &str, known: &[bool]) -> Option<usize> {
    let name = step.text.strip_prefix(verb)?;
    let mut threads = trace.threads.iter().enumerate();
    threads
        .find(|(i, t)| t.name == name && *i != step.thread && !known.get(*i).is_some_and(|k| *k))
        .map(|(i, _)| i)
}

/// How many locks are taken in the trace.
fn locks(trace: &Trace) -> usize {
    let taken = trace.steps.iter().filter(|step| step.role == Role::Acquire);
    let mut locks: Vec<&Option<String>> = taken.map(|step| &step.object).collect();
    locks.sort_unstable();
    locks.dedup();
    locks.len()
}

/// A critical section that nobody interrupts.
struct Section {
    /// The remarks and accesses in it.
    inside: Vec<usize>,
    /// The first remark.
    remark: Option<usize>,
    /// The step that gives the lock back.
    end: usize,
}

/// The section that begins with a step, if it is one and the next operation
/// of all ends it.
fn section(trace: &Trace, begin: usize) -> Option<Section> {
    let taken = &trace.steps[begin];
    if taken.role != Role::Acquire {
        return None;
    }
    let rest = trace.steps.iter().enumerate().skip(begin + 1);
    let inside: Vec<usize> = rest
        .take_while(|(_, s)| {
            s.thread == taken.thread && matches!(s.kind, StepKind::Note | StepKind::Access)
        })
        .map(|(i, _)| i)
        .collect();
    let end = begin + 1 + inside.len();
    let given = trace.steps.get(end)?;
    let ends = given.role == Role::Release
        && given.kind == StepKind::Operation
        && given.thread == taken.thread
        && given.object == taken.object;
    let remark = inside.iter().copied().find(|i| trace.steps[*i].kind == StepKind::Note);
    ends.then_some(Section { inside, remark, end })
}

impl Section {
    /// The lock, and what the program says about what it does with it.
    fn words(&self, trace: &Trace, taken: &TraceStep, named: bool) -> (String, Option<Place>) {
        match (self.remark, &taken.object) {
            (Some(remark), Some(lock)) => {
                let remark = &trace.steps[remark];
                let text = match named {
                    true => format!("{lock}: {}", remark.text),
                    false => remark.text.clone(),
                };
                (text, remark.place.clone())
            }
            _ => (format!("{}, unlock", taken.text), taken.place.clone()),
        }
    }

    /// What is in it beside the first remark.
    fn rest(&self) -> impl Iterator<Item = usize> + '_ {
        self.inside.iter().copied().filter(|i| Some(*i) != self.remark)
    }
}

/// Leaves out the middle of what is too long.
pub(super) fn shorten(mut rows: Vec<Row>, longest: usize, head: usize) -> Vec<Row> {
    if rows.len() <= longest {
        return rows;
    }
    let tail = rows.split_off(rows.len() - (longest - head));
    let middle = rows.split_off(head);
    rows.extend(merged(middle, Vec::new(), false));
    rows.extend(tail);
    rows
}

/// One row in the place of several, whose threads are told if they are given.
fn merged(rows: Vec<Row>, of: Vec<usize>, endings: bool) -> Option<Row> {
    let steps = rows.iter().filter_map(|row| row.numbers).map(|(a, b)| b + 1 - a).sum();
    let spawns = rows.iter().flat_map(|row| row.spawns.clone()).collect();
    let joins = rows.iter().flat_map(|row| row.joins.clone()).collect();
    let first = rows.into_iter().next()?;
    Some(Row { hidden: Some(Hidden { steps, of, endings }), spawns, joins, ..first })
}

/// Puts one row in the place of several ones that do not matter.
fn hide(rows: Vec<(Row, bool)>) -> Vec<Row> {
    let mut shown: Vec<Row> = Vec::new();
    let mut run: Vec<Row> = Vec::new();
    let flush = |run: &mut Vec<Row>, shown: &mut Vec<Row>| {
        if run.len() < WORTH_HIDING {
            shown.append(run);
            return;
        }
        let mut of: Vec<usize> = run.iter().map(|row| row.thread).collect();
        of.sort_unstable();
        of.dedup();
        shown.extend(merged(std::mem::take(run), of, false));
    };
    for (row, matters) in rows {
        if matters {
            flush(&mut run, &mut shown);
            shown.push(row);
        } else {
            run.push(row);
        }
    }
    flush(&mut run, &mut shown);
    shown
}
