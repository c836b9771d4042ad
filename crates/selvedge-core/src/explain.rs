//! What went wrong, in words: the patterns that most concurrency bugs follow
//! (Lu, Park, Seo, Zhou, *Learning from Mistakes: A Comprehensive Study on
//! Real World Concurrency Bug Characteristics*, ASPLOS 2008), looked for in a
//! failing execution.
//!
//! An explanation is a reading of one execution, no proof: it says what can be
//! seen there, and names the pattern that this has.

use crate::failure::{Explanation, FailureKind, Fault};
use crate::trace::{Role, StepKind, Trace, TraceStep};

/// Explains a failing execution, if it has one of the patterns.
pub fn explain(trace: &Trace, fault: &Fault) -> Option<Explanation> {
    let reading = Reading { trace };
    match fault.kind {
        FailureKind::Deadlock | FailureKind::Leak => {
            let wakeup = reading.lost_wakeup().or_else(|| reading.wrong_wakeup());
            wakeup.or_else(|| reading.cycle()).or_else(|| reading.kept_lock())
        }
        FailureKind::DataRace => reading.race(),
        FailureKind::DoubleLock => reading.double_lock(),
        FailureKind::Invariant | FailureKind::Panic => {
            let found = [reading.stale_value(), reading.stale_section(), reading.torn_section()];
            // The one that was complete last is nearest to the failure.
            let nearest = found.into_iter().flatten().max_by_key(|f| f.steps.last().copied());
            nearest.or_else(|| reading.same_value_twice()).or_else(|| {
                reading.done_twice(fault).filter(|_| fault.kind == FailureKind::Invariant)
            })
        }
        _ => None,
    }
}

/// What a thread does while it holds a lock.
#[derive(Clone, Copy, Debug)]
struct Section<'a> {
    thread: usize,
    lock: &'a str,
    /// The step that takes it.
    from: usize,
    /// The step that gives it back, or the end of the trace.
    to: usize,
    reads: bool,
    writes: bool,
}

struct Reading<'a> {
    trace: &'a Trace,
}

impl<'a> Reading<'a> {
    fn name(&self, thread: usize) -> &'a str {
        &self.trace.threads[thread].name
    }

    /// The operations that matter, with their indices.
    fn operations(&self) -> impl DoubleEndedIterator<Item = (usize, &'a TraceStep)> + Clone {
        let steps = self.trace.steps.iter().enumerate();
        steps.filter(|(_, s)| s.kind == StepKind::Operation && s.matters)
    }

    fn object(&self, step: usize) -> &'a str {
        self.trace.steps[step].object.as_deref().unwrap_or_default()
    }

    /// `step 3`
    fn at(&self, step: usize) -> String {
        format!("step {}", self.trace.number(step))
    }

    fn found(&self, pattern: &str, text: String, mut steps: Vec<usize>) -> Option<Explanation> {
        steps.sort_unstable();
        Some(Explanation { pattern: pattern.to_owned(), text, steps, lines: Vec::new() })
    }

    // ---- what was seen is out of date --------------------------------------

    /// A thread reads an atomic, another one changes it, and the first one
    /// writes without having looked again.
    fn stale_value(&self) -> Option<Explanation> {
        let writes = |s: &TraceStep| s.left.is_some() && s.left != s.found;
        for (write, act) in self.operations().rev().filter(|(_, s)| s.role == Role::Write) {
            let earlier = || self.operations().rev().filter(move |(i, _)| *i < write);
            let on_it = move |(_, s): &(usize, &TraceStep)| s.object == act.object;
            let looked = earlier().filter(on_it).find(|(_, s)| {
                s.thread == act.thread && matches!(s.role, Role::Read | Role::Update)
            });
            let Some((read, seen)) = looked.filter(|(_, s)| s.role == Role::Read) else { continue };
            let changed = earlier()
                .filter(on_it)
                .find(|(i, s)| *i > read && s.thread != act.thread && writes(s));
            let Some((change, other)) = changed else { continue };
            let (Some(saw), Some(theirs), Some(mine)) = (&seen.found, &other.left, &act.left)
            else {
                continue;
            };
            let (me, they) = (self.name(act.thread), self.name(other.thread));
            let x = self.object(write);
            let (first, second, third) = (self.at(read), self.at(change), self.at(write));
            let steps = vec![read, change, write];
            // A flag that both set says nothing of how often.
            let flag = matches!(mine.as_str(), "true" | "false");
            return if flag && theirs == mine {
                let text = format!(
                    "{me} found {x} = {saw} at {first}, and {they} made it {theirs} at {second} \
                     before {me} did the same at {third}: both found it {saw}, and both went on"
                );
                self.found("check-then-act", text, steps)
            } else {
                let text = format!(
                    "{me} read {x} = {saw} at {first}, {they} made it {theirs} at {second}, and \
                     {me} wrote {mine} over it at {third}: the update of {they} is lost"
                );
                self.found("lost update", text, steps)
            };
        }
        None
    }

    /// What is to happen once, as the name of the broken invariant says, was
    /// done before, at the same place in the code.
    fn done_twice(&self, fault: &Fault) -> Option<Explanation> {
        let has = |word: &str| {
            let mut words = fault.name.split(|c: char| !c.is_alphanumeric());
            words.any(|w| w.eq_ignore_ascii_case(word))
        };
        if fault.kind != FailureKind::Invariant || !has("once") {
            return None;
        }
        let (second, again) = self.operations().rev().find(|(_, s)| s.role == Role::Update)?;
        let same = |s: &TraceStep| {
            (s.role, &s.object, &s.place) == (again.role, &again.object, &again.place)
        };
        let (first, before) = self.operations().rev().find(|(i, s)| *i < second && same(s))?;
        let (did, does) = (self.name(before.thread), self.name(again.thread));
        let (then, now) = (self.at(first), self.at(second));
        let text = format!(
            "{did} did it at {then} ({}), and {does} did it again at {now} ({}): nothing keeps the \
             second one from it",
            before.text, again.text,
        );
        let frees = ["free", "freed", "frees"].into_iter().any(has);
        self.found(if frees { "double free" } else { "done twice" }, text, vec![first, second])
    }

    /// Two threads look at the same thing, at the same place in the code, find
    /// the same, and nobody changes it before both go on.
    fn same_value_twice(&self) -> Option<Explanation> {
        let reads = self.operations().rev().filter(|(_, s)| s.role == Role::Read);
        for (second, later) in reads {
            let alike = |s: &TraceStep| {
                s.role == Role::Read
                    && s.thread != later.thread
                    && (&s.object, &s.place, &s.text) == (&later.object, &later.place, &later.text)
            };
            let earlier = self.operations().rev().filter(|(i, _)| *i < second);
            let Some((first, before)) = earlier.clone().find(|(_, s)| alike(s)) else { continue };
            let changed = earlier
                .take_while(|(i, _)| *i > first)
                .any(|(_, s)| s.object == later.object && s.role != Role::Read);
            if changed {
                continue;
            }
            let (one, two) = (self.name(before.thread), self.name(later.thread));
            let (x, at) = (self.object(second), self.at(first));
            let value = later.found.as_ref().map_or_else(String::new, |v| format!(" = {v}"));
            let text = format!(
                "{one} looked at {x}{value} at {at}, and {two} found the same at {}, before {one} \
                 had changed it: both went on",
                self.at(second),
            );
            return self.found("check-then-act", text, vec![first, second]);
        }
        None
    }

    fn sections(&self) -> Vec<Section<'a>> {
        let end = self.trace.steps.len();
        let section = |(from, taken): (usize, &'a TraceStep)| {
            let ends = |(i, s): &(usize, &TraceStep)| {
                *i > from
                    && s.thread == taken.thread
                    && s.role == Role::Release
                    && s.object == taken.object
            };
            Some(Section {
                thread: taken.thread,
                lock: taken.object.as_deref()?,
                from,
                to: self.operations().find(ends).map_or(end, |(i, _)| i),
                reads: taken.reads,
                writes: taken.writes,
            })
        };
        self.operations().filter(|(_, s)| s.role == Role::Acquire).filter_map(section).collect()
    }

    /// What the program itself said while it was in the section.
    fn remark(&self, section: &Section<'_>) -> String {
        let mut steps = self.trace.steps.iter().enumerate();
        let said = steps.find(|(i, s)| {
            *i > section.from
                && *i < section.to
                && s.thread == section.thread
                && s.kind == StepKind::Note
        });
        said.map_or_else(String::new, |(_, s)| format!(" ({})", s.text))
    }

    /// Two sections of one thread, a section of another one between them, on
    /// the same lock: the first that has `wanted`.
    fn interrupted(
        &self,
        wanted: impl Fn(&Section<'a>, &Section<'a>, &Section<'a>) -> bool,
    ) -> Option<[Section<'a>; 3]> {
        let sections = self.sections();
        let mut all = Vec::new();
        for (third, after) in sections.iter().enumerate().rev() {
            // The section of the same thread just before: it has not looked since.
            let mut before = sections[..third].iter().enumerate().rev();
            let mine = before.find(|(_, s)| s.thread == after.thread && s.lock == after.lock);
            if let Some((first, before)) = mine {
                let between = sections[first + 1..third].iter().rev();
                let theirs = between.filter(|s| s.thread != after.thread && s.lock == after.lock);
                all.extend(theirs.map(|between| [*before, *between, *after]));
            }
        }
        all.into_iter().find(|[before, between, after]| wanted(before, between, after))
    }

    /// What a thread saw in one section is out of date when it acts by it in
    /// the next.
    fn stale_section(&self) -> Option<Explanation> {
        let [saw, changed, acted] =
            self.interrupted(|saw, changed, acted| saw.reads && changed.writes && acted.writes)?;
        let (me, they) = (self.name(saw.thread), self.name(changed.thread));
        let text = format!(
            "{me} looked at {lock} at {first}{seen}, {they} changed it at {second}{theirs}, and \
             {me} acted on it at {third}{mine} by what it had seen before: the check and the act \
             are two sections, and another thread came between them",
            lock = saw.lock,
            first = self.at(saw.from),
            seen = self.remark(&saw),
            second = self.at(changed.from),
            theirs = self.remark(&changed),
            third = self.at(acted.from),
            mine = self.remark(&acted),
        );
        self.found("check-then-act", text, vec![saw.from, changed.from, acted.from])
    }

    /// A thread changes something in two sections, and another one sees it
    /// half done.
    fn torn_section(&self) -> Option<Explanation> {
        let failing = self.trace.steps.last()?.thread;
        let [first, seen, second] = self.interrupted(|first, seen, second| {
            first.writes && second.writes && seen.reads && seen.thread == failing
        })?;
        let (me, they) = (self.name(first.thread), self.name(seen.thread));
        let text = format!(
            "{me} changed {lock} at {one}{mine} and again at {two}, and {they} looked at it between \
             the two, at {between}{theirs}: it saw it half done",
            lock = first.lock,
            one = self.at(first.from),
            mine = self.remark(&first),
            two = self.at(second.from),
            between = self.at(seen.from),
            theirs = self.remark(&seen),
        );
        self.found("non-atomic section", text, vec![first.from, seen.from, second.from])
    }

    // ---- who waits ---------------------------------------------------------

    fn blocked(&self) -> impl Iterator<Item = (usize, &'a TraceStep)> + Clone {
        self.trace.steps.iter().enumerate().filter(|(_, s)| s.kind == StepKind::Blocked)
    }

    /// Where a lock was taken that is still held.
    fn held(&self, lock: &str) -> Option<Section<'a>> {
        let end = self.trace.steps.len();
        self.sections().into_iter().rev().find(|s| s.lock == lock && s.to == end)
    }

    /// A thread waits for a notification that came before it began to wait.
    fn lost_wakeup(&self) -> Option<Explanation> {
        for (_, waiter) in self.blocked().filter(|(_, s)| s.role == Role::Wait) {
            let on_it = |(_, s): &(usize, &TraceStep)| s.object == waiter.object;
            let mut on_it = self.operations().rev().filter(on_it);
            let mine =
                |(_, s): &(usize, &TraceStep)| s.thread == waiter.thread && s.role == Role::Wait;
            let Some((began, wait)) = on_it.by_ref().find(mine) else { continue };
            let Some((notified, notify)) = on_it.find(|(_, s)| s.role == Role::Notify(0)) else {
                continue;
            };
            let text = format!(
                "{} notified {} at {}, when nobody waited; {} began to wait at {}: the wakeup is \
                 lost",
                self.name(notify.thread),
                self.object(notified),
                self.at(notified),
                self.name(wait.thread),
                self.at(began),
            );
            return self.found("lost wakeup", text, vec![notified, began]);
        }
        None
    }

    /// A notification meant for one thread has woken another one, which waits
    /// again.
    fn wrong_wakeup(&self) -> Option<Explanation> {
        let waiting = |s: &TraceStep| s.role == Role::Wait;
        for (_, waiter) in self.blocked().filter(|(_, s)| waiting(s)) {
            let on_it = self.operations().filter(|(_, s)| s.object == waiter.object);
            let last_wait = |thread: usize| {
                let mut waits = on_it.clone().filter(|(_, s)| s.thread == thread && waiting(s));
                waits.next_back().map(|(i, _)| i)
            };
            let Some(since) = last_wait(waiter.thread) else { continue };
            let later = on_it.clone().filter(|(i, _)| *i > since);
            for (notified, notify) in later.filter(|(_, s)| s.role == Role::Notify(1)).rev() {
                let others = self.blocked().filter(|(_, s)| {
                    waiting(s) && s.object == waiter.object && s.thread != waiter.thread
                });
                for (_, other) in others {
                    let again = last_wait(other.thread);
                    let Some(again) = again.filter(|again| *again > notified) else { continue };
                    let (me, they) = (self.name(waiter.thread), self.name(other.thread));
                    let text = format!(
                        "{} notified one of those who waited for {} at {}: {they} was woken, found \
                         nothing to do and waited again at {}; {me}, which has waited since {}, was \
                         not",
                        self.name(notify.thread),
                        self.object(notified),
                        self.at(notified),
                        self.at(again),
                        self.at(since),
                    );
                    return self.found(
                        "wakeup of the wrong thread",
                        text,
                        vec![since, notified, again],
                    );
                }
            }
        }
        None
    }

    /// Threads that wait for each other in a circle.
    fn cycle(&self) -> Option<Explanation> {
        // For each thread: whom it waits for, and what that one holds.
        let waits_for = |thread: usize| {
            let (_, step) = self.blocked().find(|(_, s)| s.thread == thread)?;
            match step.role {
                Role::Acquire => {
                    let section = self.held(step.object.as_deref()?)?;
                    Some((section.thread, Some(section)))
                }
                Role::Join => {
                    let named =
                        |t: &crate::trace::TraceThread| Some(&t.name) == step.object.as_ref();
                    self.trace.threads.iter().position(named).map(|thread| (thread, None))
                }
                _ => None,
            }
        };
        let mut circle: Vec<(usize, usize, Option<Section<'a>>)> = Vec::new();
        let mut thread = self.blocked().next()?.1.thread;
        for _ in 0..=self.trace.threads.len() {
            let (next, held) = waits_for(thread)?;
            if let Some(begin) = circle.iter().position(|(t, ..)| *t == thread) {
                return self.circle(&circle[begin..]);
            }
            circle.push((thread, next, held));
            thread = next;
        }
        None
    }

    fn circle(&self, circle: &[(usize, usize, Option<Section<'a>>)]) -> Option<Explanation> {
        let mut parts = Vec::new();
        let mut steps = Vec::new();
        for (thread, next, held) in circle {
            let what = match held {
                Some(section) => {
                    steps.push(section.from);
                    format!(
                        "{} waits for {}, which {} has held since {}",
                        self.name(*thread),
                        section.lock,
                        self.name(*next),
                        self.at(section.from)
                    )
                }
                None => format!("{} waits for the end of {}", self.name(*thread), self.name(*next)),
            };
            parts.push(what);
        }
        let locks = circle.iter().all(|(.., held)| held.is_some());
        let (pattern, end) = match (locks, circle.len()) {
            (true, 1) => return None,
            (true, 2) => ("lock-order inversion", "they take the two locks in opposite orders"),
            (true, _) => ("lock-order inversion", "no order of these locks is kept by all"),
            (false, _) => ("circular wait", "each waits for the next one"),
        };
        self.found(pattern, format!("{}: {end}", parts.join("; ")), steps)
    }

    /// A thread waits for a lock that its holder will never give back.
    fn kept_lock(&self) -> Option<Explanation> {
        let (_, waiter) = self.blocked().find(|(_, s)| s.role == Role::Acquire)?;
        let section = self.held(waiter.object.as_deref()?)?;
        if self.blocked().any(|(_, s)| s.thread == section.thread) {
            return None;
        }
        let text = format!(
            "{} waits for {}, which {} took at {} and has not given back: it has ended",
            self.name(waiter.thread),
            section.lock,
            self.name(section.thread),
            self.at(section.from)
        );
        self.found("lock never released", text, vec![section.from])
    }

    // ---- others ------------------------------------------------------------

    fn double_lock(&self) -> Option<Explanation> {
        let failing = self.trace.steps.last()?.thread;
        let end = self.trace.steps.len();
        let mut held = self.sections().into_iter().rev();
        let section = held.find(|s| s.thread == failing && s.to == end)?;
        let text = format!(
            "{} took {} at {} and still holds it: a mutex cannot be locked twice by one thread",
            self.name(failing),
            section.lock,
            self.at(section.from)
        );
        self.found("double lock", text, vec![section.from])
    }

    fn race(&self) -> Option<Explanation> {
        let steps = self.trace.steps.iter().enumerate().rev();
        let mut accesses = steps.filter(|(_, s)| s.kind == StepKind::Access && s.matters);
        let (later, second) = accesses.next()?;
        let (earlier, first) =
            accesses.find(|(_, s)| s.object == second.object && s.thread != second.thread)?;
        let verb = |s: &TraceStep| if s.role == Role::Write { "writes" } else { "reads" };
        let unpublished = first.role == Role::Write && second.role == Role::Read;
        let pattern = if unpublished { "unpublished write" } else { "data race" };
        let text = format!(
            "{} {} {} after {}, and {} {} it: no lock, join, channel or acquire/release pair is \
             between the two",
            self.name(first.thread),
            verb(first),
            self.object(earlier),
            self.at(earlier),
            self.name(second.thread),
            verb(second),
        );
        self.found(pattern, text, vec![earlier, later])
    }
}
