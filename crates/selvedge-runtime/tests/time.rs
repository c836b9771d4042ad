//! Sleeps and timeouts, with virtual time and without.

mod common;

use std::collections::BTreeSet;

use common::{outcomes, outcomes_in, search, search_in};
use selvedge_core::failure::FailureKind;
use selvedge_core::time::Time::{self, Untimed, Virtual};
use selvedge_runtime::channel::{
    RecvTimeoutError, SendTimeoutError, TrySendError, bounded, unbounded,
};
use selvedge_runtime::sync::atomic::{AtomicU32, Ordering::SeqCst};
use selvedge_runtime::sync::{Arc, Condvar, Mutex};
use selvedge_runtime::thread;
use selvedge_runtime::time::{Duration, Instant};
use selvedge_surface::select;

const MS: Duration = Duration::from_millis(1);

#[test]
fn a_sleep_orders_nothing_without_virtual_time() {
    let race = || {
        let n = Arc::new(AtomicU32::new(0));
        let other = Arc::clone(&n);
        let t = thread::spawn(move || {
            thread::sleep(10 * MS);
            other.store(1, SeqCst);
        });
        thread::sleep(20 * MS);
        let seen = n.load(SeqCst);
        t.join().unwrap();
        seen
    };
    assert_eq!(outcomes(race), BTreeSet::from([0, 1]));
    assert_eq!(outcomes_in(Virtual, race), BTreeSet::from([1]));
}

#[test]
fn who_wakes_at_the_same_time_may_go_in_either_order() {
    let race = |naps: [u32; 2]| {
        move || {
            let n = AtomicU32::new(0);
            thread::scope(|s| {
                for (i, nap) in naps.into_iter().enumerate() {
                    let n = &n;
                    s.spawn(move || {
                        thread::sleep(nap * MS);
                        n.store(i as u32, SeqCst);
                    });
                }
            });
            n.load(SeqCst)
        }
    };
    assert_eq!(outcomes_in(Virtual, race([5, 5])), BTreeSet::from([0, 1]));
    assert_eq!(outcomes_in(Virtual, race([6, 5])), BTreeSet::from([0]));
    assert_eq!(outcomes_in(Virtual, race([5, 6])), BTreeSet::from([1]));
}

#[test]
fn a_virtual_clock_shows_what_has_passed_and_nothing_else_takes_time() {
    let report = search_in(Virtual, || {
        let start = Instant::now();
        let turns = Mutex::new(0);
        thread::scope(|s| {
            for _ in 0..3 {
                s.spawn(|| {
                    let mut turns = turns.lock().unwrap();
                    thread::sleep(100 * MS);
                    *turns += 1;
                });
            }
        });
        assert_eq!(start.elapsed(), 300 * MS);
        assert_eq!(start + 300 * MS, Instant::now());
        assert_eq!(start.duration_since(Instant::now()), Duration::ZERO);
    });
    assert!(report.exhausted() && report.failures().is_empty(), "{report:#?}");
    // Who comes when: 3!
    assert_eq!(report.executions, 6);
}

#[test]
fn a_receive_gives_up_or_gets_the_message() {
    let body = |sent_after: Duration| {
        move || {
            let (tx, rx) = bounded(1);
            thread::scope(|s| {
                s.spawn(move || {
                    thread::sleep(sent_after);
                    tx.send(7).unwrap();
                    thread::sleep(100 * MS);
                });
                let first = rx.recv_timeout(5 * MS);
                (first, first.is_err().then(|| rx.recv_timeout(50 * MS)))
            })
        }
    };
    let (ok, late) = (Ok(7), Err(RecvTimeoutError::Timeout));
    let gone = Err(RecvTimeoutError::Disconnected);
    assert_eq!(
        outcomes_debug(Untimed, body(MS)),
        debug([(ok, None), (late, Some(ok)), (late, Some(late))])
    );
    assert_eq!(outcomes_debug(Virtual, body(MS)), debug([(ok, None)]));
    assert_eq!(outcomes_debug(Virtual, body(5 * MS)), debug([(ok, None), (late, Some(ok))]));
    assert_eq!(outcomes_debug(Virtual, body(60 * MS)), debug([(late, Some(late))]));
    let closed = || {
        let (tx, rx) = unbounded::<u32>();
        let t = thread::spawn(move || drop(tx));
        let received = rx.recv_timeout(MS);
        t.join().unwrap();
        (received, None::<Result<u32, RecvTimeoutError>>)
    };
    assert_eq!(outcomes_debug(Untimed, closed), debug([(late, None), (gone, None)]));
    assert_eq!(outcomes_debug(Virtual, closed), debug([(gone, None)]));
}

type Received = Result<u32, RecvTimeoutError>;

fn debug<const N: usize>(all: [(Received, Option<Received>); N]) -> BTreeSet<String> {
    all.iter().map(|one| format!("{one:?}")).collect()
}

fn outcomes_debug(
    time: Time,
    body: impl Fn() -> (Received, Option<Received>) + Send + Sync + 'static,
) -> BTreeSet<String> {
    outcomes_in(time, move || format!("{:?}", body()))
}

#[test]
fn a_send_gives_the_message_back() {
    let body = || {
        let (tx, rx) = bounded(1);
        assert_eq!(tx.try_send(1), Ok(()));
        assert_eq!(tx.try_send(2), Err(TrySendError::Full(2)));
        let t = thread::spawn(move || {
            thread::sleep(10 * MS);
            let first = rx.recv();
            (first, rx)
        });
        let sent = tx.send_timeout(3, 20 * MS);
        let (first, rx) = t.join().unwrap();
        assert_eq!(first, Ok(1));
        drop(rx);
        assert_eq!(tx.try_send(4), Err(TrySendError::Disconnected(4)));
        assert_eq!(tx.send_timeout(5, MS), Err(SendTimeoutError::Disconnected(5)));
        sent.is_ok()
    };
    assert_eq!(outcomes(body), BTreeSet::from([false, true]));
    assert_eq!(outcomes_in(Virtual, body), BTreeSet::from([true]));
}

#[test]
fn a_condvar_gives_up() {
    let body = || {
        let (ready, changed) = (Mutex::new(false), Condvar::new());
        thread::scope(|s| {
            s.spawn(|| {
                thread::sleep(10 * MS);
                *ready.lock().unwrap() = true;
                changed.notify_one();
            });
            let guard = ready.lock().unwrap();
            let (guard, result) =
                changed.wait_timeout_while(guard, 20 * MS, |ready| !*ready).unwrap();
            assert_eq!(result.timed_out(), !*guard);
            *guard
        })
    };
    assert_eq!(outcomes(body), BTreeSet::from([false, true]));
    assert_eq!(outcomes_in(Virtual, body), BTreeSet::from([true]));
}

/// Two wait for one ticket, and one of them not for ever. If that one gets it,
/// it hands on another one; or does not.
fn tickets(handed_on: bool) -> impl Fn() + Send + Sync {
    move || {
        let (tickets, changed) = (Mutex::new(0), Condvar::new());
        let hand_out = || {
            *tickets.lock().unwrap() += 1;
            changed.notify_one();
        };
        thread::scope(|s| {
            let patient = s.spawn(|| {
                let tickets = tickets.lock().unwrap();
                *changed.wait_while(tickets, |tickets| *tickets == 0).unwrap() -= 1;
            });
            let hasty = s.spawn(|| {
                let tickets = tickets.lock().unwrap();
                let waited = changed.wait_timeout_while(tickets, MS, |tickets| *tickets == 0);
                let (mut tickets, _) = waited.unwrap();
                let got = *tickets > 0;
                *tickets -= i32::from(got);
                got
            });
            hand_out();
            if hasty.join().unwrap() && handed_on {
                hand_out();
            }
            patient.join().unwrap();
        });
    }
}

#[test]
fn who_gives_up_takes_no_notification_along() {
    let report = search(tickets(true));
    assert!(report.exhausted() && report.failures().is_empty(), "{report:#?}");
    let report = search(tickets(false));
    let kinds: Vec<_> = report.failures().iter().map(|f| f.kind()).collect();
    assert_eq!(kinds, [FailureKind::Deadlock]);
}

#[test]
fn a_park_gives_up_or_takes_the_token() {
    let body = || {
        let start = Instant::now();
        let me = thread::current();
        let t = thread::spawn(move || {
            thread::sleep(3 * MS);
            me.unpark();
        });
        thread::park_timeout(5 * MS);
        let waited = start.elapsed();
        t.join().unwrap();
        waited
    };
    assert_eq!(outcomes_in(Virtual, body), BTreeSet::from([3 * MS]));
    // Its own clock shows that it gave up, or that it did not.
    assert_eq!(outcomes(body), BTreeSet::from([Duration::ZERO, 5 * MS]));
}

#[test]
fn a_timeout_that_never_comes_is_a_deadlock() {
    for time in [Untimed, Virtual] {
        let report = search_in(time, || {
            let (_tx, rx) = unbounded::<u32>();
            let _ = rx.recv_timeout(Duration::MAX);
        });
        assert_eq!(report.failures()[0].kind(), FailureKind::Deadlock);
    }
}

#[test]
fn a_loop_with_timeouts_waits_for_what_changes() {
    let served = || {
        let (tx, rx) = unbounded();
        let t = thread::spawn(move || tx.send(1).unwrap());
        let message = loop {
            match rx.recv_timeout(MS) {
                Ok(message) => break message,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => unreachable!("a message was sent"),
            }
        };
        t.join().unwrap();
        message
    };
    assert_eq!(outcomes(served), BTreeSet::from([1]));
    assert_eq!(outcomes_in(Virtual, served), BTreeSet::from([1]));
}

#[test]
fn everything_works_on_real_threads_outside_of_an_exploration() {
    let start = Instant::now();
    let (tx, rx) = bounded(1);
    assert_eq!(rx.recv_timeout(MS), Err(RecvTimeoutError::Timeout));
    assert_eq!(tx.try_send(1), Ok(()));
    assert_eq!(tx.try_send(2), Err(TrySendError::Full(2)));
    assert_eq!(tx.send_timeout(3, MS), Err(SendTimeoutError::Timeout(3)));
    assert_eq!(rx.recv_timeout(MS), Ok(1));
    let (lock, changed) = (Mutex::new(()), Condvar::new());
    let (guard, result) = changed.wait_timeout(lock.lock().unwrap(), MS).unwrap();
    assert!(result.timed_out());
    drop(guard);
    thread::park_timeout(MS);
    thread::sleep(MS);
    assert!(start.elapsed() >= 4 * MS);
}

#[test]
#[should_panic(expected = "try_send on a channel of capacity 0 is not there")]
fn a_rendezvous_cannot_be_tried() {
    let (tx, _rx) = bounded(0);
    let _ = tx.try_send(1);
}

/// That two channels are one location is learnt at the select, and the clock
/// moves before anybody takes another step.
#[test]
fn what_is_learnt_just_before_the_clock_moves() {
    let seen = outcomes_in(Virtual, || {
        let (left, from_left) = bounded(1);
        let (_right, from_right) = bounded(1);
        assert!(from_left.try_recv().is_err() && from_right.try_recv().is_err());
        let t = thread::spawn(move || {
            thread::sleep(10 * MS);
            left.send(1).unwrap();
        });
        let received = select! {
            recv(from_left) -> message => message.unwrap(),
            recv(from_right) -> message => message.unwrap(),
        };
        t.join().unwrap();
        received
    });
    assert_eq!(seen, BTreeSet::from([1]));
}
