//! From where to where each thread's line goes.

use selvedge_core::trace::{StepKind, Trace};

/// What a step has to do with another thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// The thread begins.
    Spawn(usize),
    /// The thread has ended.
    Join(usize),
}

/// The lives of all threads of a trace, in terms of steps done.
pub(super) struct Lives {
    born: Vec<usize>,
    end: Vec<usize>,
    blocked: Vec<usize>,
    /// For each step, what it has to do with another thread.
    pub(super) links: Vec<Option<Link>>,
}

const NEVER: usize = usize::MAX;

impl Lives {
    pub(super) fn of(trace: &Trace) -> Self {
        let threads = trace.threads.len();
        let mut lives = Lives {
            born: vec![NEVER; threads],
            end: vec![NEVER; threads],
            blocked: vec![NEVER; threads],
            links: vec![None; trace.steps.len()],
        };
        lives.born[0] = 0;
        let mut joined = vec![NEVER; threads];
        for (index, step) in trace.steps.iter().enumerate() {
            let own = step.thread.min(threads - 1);
            lives.born[own] = lives.born[own].min(index);
            lives.end[own] = NEVER;
            match step.kind {
                StepKind::Blocked => lives.blocked[own] = lives.blocked[own].min(index + 1),
                StepKind::Operation if is_end(&step.text) => lives.end[own] = index + 1,
                StepKind::Operation => {
                    let named = |prefix, of: &[usize]| {
                        let rest = step.text.strip_prefix(prefix)?;
                        (0..threads).find(|&t| {
                            t != own && of[t] == NEVER && is_name(rest, &trace.threads[t].name)
                        })
                    };
                    if let Some(child) = named("spawn ", &lives.born) {
                        lives.born[child] = index + 1;
                        lives.links[index] = Some(Link::Spawn(child));
                    } else if let Some(child) = named("join ", &joined) {
                        joined[child] = index + 1;
                        if lives.end[child] == NEVER {
                            lives.end[child] = index + 1;
                            lives.links[index] = Some(Link::Join(child));
                        }
                    }
                }
                _ => {}
            }
        }
        // A thread that did nothing and that nobody is seen to spawn.
        lives.born.iter_mut().filter(|born| **born == NEVER).for_each(|born| *born = 0);
        lives
    }

    /// What a thread's line looks like after so many steps.
    pub(super) fn line(&self, thread: usize, done: usize) -> Option<&'static str> {
        if done < self.born[thread] || done >= self.end[thread] {
            None
        } else if done >= self.blocked[thread] {
            Some("┆")
        } else {
            Some("│")
        }
    }
}

/// True if `rest` is the name, perhaps with something behind it.
fn is_name(rest: &str, name: &str) -> bool {
    rest.strip_prefix(name).is_some_and(|behind| behind.is_empty() || behind.starts_with(' '))
}

fn is_end(text: &str) -> bool {
    matches!(text, "end" | "ends" | "exit" | "finish" | "finished" | "return" | "done")
}
