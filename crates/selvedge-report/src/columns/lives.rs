//! From where to where each thread's line goes.

use selvedge_core::trace::StepKind;

use super::rows::Row;

/// The lives of all threads of a drawing, in terms of rows done.
pub(super) struct Lives {
    born: Vec<usize>,
    end: Vec<usize>,
    blocked: Vec<usize>,
}

const NEVER: usize = usize::MAX;

impl Lives {
    pub(super) fn of(threads: usize, rows: &[Row]) -> Self {
        let mut lives = Lives {
            born: vec![NEVER; threads],
            end: vec![NEVER; threads],
            blocked: vec![NEVER; threads],
        };
        lives.born[0] = 0;
        for (index, row) in rows.iter().enumerate() {
            lives.born[row.thread] = lives.born[row.thread].min(index);
            lives.end[row.thread] = NEVER;
            match row.kind {
                StepKind::Blocked => {
                    lives.blocked[row.thread] = lives.blocked[row.thread].min(index + 1);
                }
                StepKind::Operation if is_end(&row.text) => lives.end[row.thread] = index + 1,
                _ => {}
            }
            for &child in &row.spawns {
                lives.born[child] = lives.born[child].min(index + 1);
            }
            for &child in &row.joins {
                lives.end[child] = lives.end[child].min(index + 1);
            }
        }
        // A thread that did nothing and that nobody is seen to spawn.
        lives.born.iter_mut().filter(|born| **born == NEVER).for_each(|born| *born = 0);
        lives
    }

    /// What a thread's line looks like after so many rows.
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

fn is_end(text: &str) -> bool {
    matches!(text, "end" | "ends" | "exit" | "finish" | "finished" | "return" | "done")
}
