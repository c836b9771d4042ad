//! Programs in which time matters: on a virtual clock, which moves only when
//! no thread can go on. So calls that start at the same time overlap.

use selvedge::{invariant, note};

use super::common::{join_scoped, lock, spawn_scoped, try_lock};
use super::rt::Named;
use super::rt::channel::{Receiver, RecvTimeoutError, bounded};
use super::rt::sync::{Condvar, Mutex};
use super::rt::thread::{self, sleep};
use super::rt::time::{Duration, Instant};

const MS: Duration = Duration::from_millis(1);

/// What a call takes.
const CALL: Duration = Duration::from_millis(100);

/// Calls an external service from several threads, each after its delay.
fn call_all<T: Send>(delays: &[Duration], call: impl Fn() -> T + Sync) -> Vec<T> {
    let call = &call;
    thread::scope(|scope| {
        let caller = |(number, &delay): (usize, &Duration)| {
            spawn_scoped(scope, format!("caller {}", number + 1), move || {
                if !delay.is_zero() {
                    sleep(delay);
                }
                call()
            })
        };
        let callers: Vec<_> = delays.iter().enumerate().map(caller).collect();
        callers.into_iter().map(join_scoped).collect()
    })
}

/// Callers are refused while another call is inside; as many as that succeed.
pub fn refusing(delays: &[Duration]) -> usize {
    let access = Mutex::new(()).named("access");
    let served = call_all(delays, || {
        let Some(_access) = try_lock(&access) else {
            note!("busy");
            return false;
        };
        sleep(CALL);
        true
    });
    let succeeded = served.into_iter().filter(|served| *served).count();
    invariant!("exactly one call succeeds", succeeded == 1, "{succeeded} calls succeeded");
    succeeded
}

/// Callers wait for their turn, or nothing keeps them from calling at once.
pub fn waiting(callers: u32, guarded: bool) {
    let access = Mutex::new(()).named("access");
    let start = Instant::now();
    call_all(&vec![Duration::ZERO; callers as usize], || {
        let _access = guarded.then(|| lock(&access));
        sleep(CALL);
    });
    let (took, expected) = (start.elapsed(), CALL * callers);
    invariant!("one call after the other", took == expected, "{callers} calls took {took:?}");
}

/// A worker that serves requests until there was none for some time.
fn serve(requests: &Receiver<()>, patience: Duration) -> u32 {
    let mut served = 0;
    loop {
        match requests.recv_timeout(patience) {
            Ok(()) => served += 1,
            Err(RecvTimeoutError::Disconnected) => return served,
            Err(RecvTimeoutError::Timeout) => {
                note!("nothing to do for {patience:?}");
                return served;
            }
        }
    }
}

/// A request comes after some time, to a worker with so much patience.
pub fn idle_worker(after: Duration, patience: Duration) {
    let (client, requests) = bounded(1);
    let client = client.named("requests");
    thread::scope(|scope| {
        let worker = spawn_scoped(scope, "worker", move || serve(&requests, patience));
        sleep(after);
        let accepted = client.send(()).is_ok();
        drop(client);
        let served = join_scoped(worker);
        invariant!(
            "a request that is accepted is served",
            served == u32::from(accepted),
            "accepted: {accepted}, served: {served}"
        );
    });
}

/// What is known of a timer.
#[derive(Default)]
struct Timer {
    cancelled: bool,
    rang: bool,
}

/// A timer rings after 10 ms. Somebody cancels it, and must not hear it then.
pub fn cancelled_timer(cancel_after: Duration, looks_again: bool) {
    let (state, changed) = (Mutex::new(Timer::default()).named("timer"), Condvar::new());
    let changed = changed.named("changed");
    thread::scope(|scope| {
        let timer = spawn_scoped(scope, "timer", || {
            let waited = changed.wait_timeout(lock(&state), 10 * MS);
            let (mut timer, result) = waited.expect("nobody panics");
            timer.rang = if looks_again { !timer.cancelled } else { result.timed_out() };
            note!("{}", if timer.rang { "ring" } else { "keep quiet" });
        });
        sleep(cancel_after);
        let in_time = {
            let mut timer = lock(&state);
            timer.cancelled = true;
            note!("cancel, {}", if timer.rang { "too late" } else { "in time" });
            !timer.rang
        };
        changed.notify_all();
        join_scoped(timer);
        let heard = in_time && lock(&state).rang;
        invariant!("what was cancelled does not ring", !heard, "the timer rang");
    });
}

scenarios! {
    /// What the chapter prints: one success and three times "busy".
    /// Each call takes 100 ms and all four start at the same time,
    /// so the first one is still inside when the others ask.
    "timed/try-lock-exactly-one" holds in virtual time
        => || { refusing(&[Duration::ZERO; 4]); };

    /// As timed/try-lock-exactly-one, but the fourth one asks 100 ms later,
    /// just when the first call ends: it may find the lock free.
    "timed/try-lock-late"
        breaks [invariant "exactly one call succeeds"]
        in virtual time
        fixed_by ["timed/try-lock-exactly-one"]
        => || { refusing(&[Duration::ZERO, Duration::ZERO, Duration::ZERO, CALL]); };

    /// Four callers wait for their turn, and each call takes 100 ms:
    /// together they take 400 ms, in each of the 24 orders.
    "timed/lock" holds in virtual time
        => || waiting(4, true);

    /// As timed/lock, but nothing keeps the calls apart:
    /// they take 100 ms together.
    "timed/no-lock"
        breaks [invariant "one call after the other"]
        in virtual time
        fixed_by ["timed/lock"]
        => || waiting(4, false);

    /// A worker goes home if there is nothing to do for 10 ms.
    /// The request comes after 5 ms.
    "timed/patient-worker" holds in virtual time
        => || idle_worker(5 * MS, 10 * MS);

    /// As timed/patient-worker, but the request comes when the worker is about to go home:
    /// it is accepted, and nobody is there to serve it.
    "timed/impatient-worker"
        breaks [invariant "a request that is accepted is served"]
        in virtual time
        fixed_by ["timed/patient-worker"]
        => || idle_worker(10 * MS, 10 * MS);

    /// A timer rings after 10 ms unless it was cancelled.
    /// It is cancelled at that very moment,
    /// and looks once more, with the lock, before it rings.
    "timed/cancelled-timer" holds in virtual time
        => || cancelled_timer(10 * MS, true);

    /// As timed/cancelled-timer, but the timer believes the timeout:
    /// it rings though it was cancelled before it had the lock again.
    "timed/cancelled-timer-rings"
        breaks [invariant "what was cancelled does not ring"]
        in virtual time
        fixed_by ["timed/cancelled-timer"]
        => || cancelled_timer(10 * MS, false);
}
