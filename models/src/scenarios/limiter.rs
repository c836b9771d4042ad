//! A limiter that lets in too many.
//!
//! The exercise of the rate limiter: at most so many callers at once, and
//! whoever comes when it is full waits. To see that there is room and to take
//! it must be one step, which is what a semaphore is.

use selvedge::{invariant, note};

use super::common::{join_scoped, lock, spawn_scoped};
use super::rt::Named;
use super::rt::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use super::rt::thread;

struct Limiter {
    limit: usize,
    /// The callers that are inside.
    inside: Mutex<usize>,
    left: Condvar,
}

impl Limiter {
    fn new(limit: usize) -> Self {
        Limiter { limit, inside: Mutex::new(0).named("inside"), left: Condvar::new().named("left") }
    }

    /// Waits until there is room, and returns with the lock held.
    fn wait_for_room(&self) -> MutexGuard<'_, usize> {
        let mut inside = lock(&self.inside);
        while *inside >= self.limit {
            note!("full, wait");
            inside = self.left.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
        note!("there is room, inside = {}", *inside);
        inside
    }

    /// Looks and counts in two steps: the lock is released between them.
    /// Returns how many are inside now.
    fn enter_in_two_steps(&self) -> usize {
        drop(self.wait_for_room());
        count_in(lock(&self.inside))
    }

    /// Looks and counts in one step. Returns how many are inside now.
    fn enter(&self) -> usize {
        count_in(self.wait_for_room())
    }

    fn leave(&self) {
        let mut inside = lock(&self.inside);
        *inside -= 1;
        note!("leave, inside = {}", *inside);
        self.left.notify_one();
    }
}

fn count_in(mut inside: MutexGuard<'_, usize>) -> usize {
    *inside += 1;
    note!("enter, inside = {}", *inside);
    *inside
}

/// Lets the callers enter and leave; returns how many were inside at most.
fn call_all(callers: usize, limit: usize, enter: fn(&Limiter) -> usize) -> usize {
    let limiter = &Limiter::new(limit);
    thread::scope(|scope| {
        let callers: Vec<_> = (1..=callers)
            .map(|number| {
                spawn_scoped(scope, format!("caller {number}"), move || {
                    let inside = enter(limiter);
                    limiter.leave();
                    // Only now, so that a caller who fails leaves nobody waiting.
                    invariant!(
                        "no more inside than the limit",
                        inside <= limit,
                        "{inside} were inside, the limit is {limit}"
                    );
                    inside
                })
            })
            .collect();
        callers.into_iter().map(|thread| join_scoped(thread)).max().unwrap_or(0)
    })
}

/// A caller waits for room and counts itself afterwards. Returns how many were
/// inside at most.
pub fn check_then_count(callers: usize, limit: usize) -> usize {
    call_all(callers, limit, Limiter::enter_in_two_steps)
}

/// A caller waits for room and takes it in one step. Returns how many were
/// inside at most.
pub fn semaphore(callers: usize, limit: usize) -> usize {
    call_all(callers, limit, Limiter::enter)
}

scenarios! {
    /// Three callers, and room for two.
    /// A caller sees that there is room, and counts itself in a second step.
    /// In between others see the same room, and three are inside.
    "limiter/check-then-count"
        breaks [invariant "no more inside than the limit"]
        fixed_by ["limiter/semaphore"]
        => || { check_then_count(3, 2); };

    /// Three callers, and room for two.
    /// A caller takes the room in the step in which it sees it, under one lock.
    /// The third waits on a condition variable until somebody leaves.
    "limiter/semaphore" holds
        => || { semaphore(3, 2); };
}
