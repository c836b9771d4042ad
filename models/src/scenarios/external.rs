//! An external service that serves one call at a time.
//!
//! Whoever calls while another call is inside can wait (`lock`), be sent away
//! (`try_lock`), or ask again and again (a busy wait). What may be demanded
//! differs: those who wait all succeed; of those who may be sent away only
//! this is certain, that somebody succeeds.

use selvedge::{invariant, invariants, note};

use super::common::{join_scoped, lock, spawn_scoped, try_lock};
use super::rt::Named;
use super::rt::hint::spin_loop;
use super::rt::sync::Mutex;
use super::rt::sync::atomic::{AtomicUsize, Ordering};
use super::rt::thread;

/// The service was busy and refused the call.
struct Busy;

/// What became of the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tally {
    /// Calls that were served.
    pub succeeded: usize,
    /// Calls that were refused.
    pub busy: usize,
}

struct External {
    access: Mutex<()>,
    /// The calls that are being served now.
    inside: AtomicUsize,
}

impl External {
    fn new() -> Self {
        External {
            access: Mutex::new(()).named("access"),
            inside: AtomicUsize::new(0).named("inside"),
        }
    }

    /// The call itself.
    fn serve(&self) {
        let inside = self.inside.fetch_add(1, Ordering::SeqCst) + 1;
        note!("enter, inside = {inside}");
        invariant!("at most one call inside", inside <= 1, "{inside} calls are inside");
        self.inside.fetch_sub(1, Ordering::SeqCst);
    }

    fn call_waiting(&self) -> Result<(), Busy> {
        let _access = lock(&self.access);
        self.serve();
        Ok(())
    }

    fn call_or_refuse(&self) -> Result<(), Busy> {
        let Some(_access) = try_lock(&self.access) else {
            note!("busy");
            return Err(Busy);
        };
        self.serve();
        Ok(())
    }

    fn call_spinning(&self) -> Result<(), Busy> {
        while self.call_or_refuse().is_err() {
            spin_loop();
        }
        Ok(())
    }

    fn call_unguarded(&self) -> Result<(), Busy> {
        self.serve();
        Ok(())
    }
}

/// Lets each of the callers call once.
fn call_all(callers: usize, call: fn(&External) -> Result<(), Busy>) -> Tally {
    let external = &External::new();
    thread::scope(|scope| {
        let callers: Vec<_> = (1..=callers)
            .map(|number| spawn_scoped(scope, format!("caller {number}"), move || call(external)))
            .collect();
        let mut tally = Tally { succeeded: 0, busy: 0 };
        for caller in callers {
            match join_scoped(caller) {
                Ok(()) => tally.succeeded += 1,
                Err(Busy) => tally.busy += 1,
            }
        }
        tally
    })
}

fn check_all_succeed(callers: usize, tally: Tally) -> Tally {
    let Tally { succeeded, .. } = tally;
    invariant!("every call succeeds", succeeded == callers, "{succeeded} of {callers} succeeded");
    tally
}

/// Callers wait for their turn.
pub fn waiting(callers: usize) -> Tally {
    check_all_succeed(callers, call_all(callers, External::call_waiting))
}

/// Callers are refused while another call is inside.
pub fn refusing(callers: usize) -> Tally {
    let tally @ Tally { succeeded, busy } = call_all(callers, External::call_or_refuse);
    invariants! {
        "at least one call succeeds": succeeded >= 1, "all {callers} calls were refused";
        "each call either succeeds or is told busy": succeeded + busy == callers,
            "{succeeded} succeeded and {busy} were told busy, of {callers}";
    }
    tally
}

/// As [`refusing`], with the demand that only one call succeeds.
pub fn refusing_all_but_one(callers: usize) -> Tally {
    let tally @ Tally { succeeded, busy } = call_all(callers, External::call_or_refuse);
    invariant!(
        "exactly one call succeeds",
        succeeded == 1,
        "{succeeded} calls succeeded and {busy} were told busy"
    );
    tally
}

/// Callers who are refused ask again until they succeed.
pub fn spinning(callers: usize) -> Tally {
    check_all_succeed(callers, call_all(callers, External::call_spinning))
}

/// Somebody takes the lock and never gives it back, while the callers spin.
pub fn spinning_never_released(callers: usize) {
    let external = &External::new();
    thread::scope(|scope| {
        let holder = spawn_scoped(scope, "holder", || {
            let access = lock(&external.access);
            note!("never unlock");
            std::mem::forget(access);
        });
        let callers: Vec<_> = (1..=callers)
            .map(|number| {
                spawn_scoped(scope, format!("caller {number}"), || external.call_spinning().is_ok())
            })
            .collect();
        join_scoped(holder);
        for caller in callers {
            join_scoped(caller);
        }
    });
}

/// Nothing guards the service.
pub fn unguarded(callers: usize) -> Tally {
    check_all_succeed(callers, call_all(callers, External::call_unguarded))
}

scenarios! {
    /// Two callers, and nothing guards the service.
    /// Nothing is broken while the calls do not overlap,
    /// and nothing keeps them from overlapping.
    "external/no-lock"
        breaks [invariant "at most one call inside"]
        fixed_by ["external/lock", "external/try-lock", "external/busy-wait"]
        => || { unguarded(2); };

    /// Four callers take a mutex for the time of their call.
    /// Whoever comes while another call is inside waits.
    /// All of them succeed, one at a time.
    "external/lock" holds
        => || { waiting(4); };

    /// Four callers; who comes while another call is inside is refused at once.
    /// Somebody always succeeds, the first who asks;
    /// how many do depends on how the calls overlap.
    "external/try-lock" holds
        => || { refusing(4); };

    /// The chapter prints one success and three times "busy", which is not certain.
    /// It assumes timing: each call takes 100 ms and all four start at the same time.
    /// Without that, calls need not overlap, and a second one succeeds as well.
    "external/try-lock-exactly-one"
        breaks [invariant "exactly one call succeeds"]
        fixed_by ["external/try-lock"]
        => || { refusing_all_but_one(4); };

    /// Two callers; who is refused asks again, with `spin_loop` in between.
    /// This keeps a processor busy with waiting, but it is right:
    /// the call inside ends, so the other one gets its turn.
    "external/busy-wait" holds
        => || { spinning(2); };

    /// As external/busy-wait,
    /// with three callers:
    /// two may ask in vain at the same time, and each gets its turn.
    "external/busy-wait-3" holds
        => || { spinning(3); };

    /// Somebody takes the lock and forgets the guard, so nothing unlocks it.
    /// A caller who comes later asks for ever.
    /// Nobody is blocked, so this is no deadlock: it is a livelock.
    "external/busy-wait-never-released"
        breaks [livelock]
        fixed_by ["external/busy-wait"]
        => || spinning_never_released(1);
}
