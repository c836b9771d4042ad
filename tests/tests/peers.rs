//! The exhaustive search has the same outcomes as a peer that runs every
//! interleaving: shuttle's depth-first search, called directly.

use std::collections::BTreeMap;
use std::sync::{Arc as StdArc, Mutex as StdMutex};

use selvedge::Explorer;

/// Outcomes, each with the number of executions that had it.
type Seen = StdArc<StdMutex<BTreeMap<String, u64>>>;

/// The programs, for one engine: each gives what came out of an execution.
macro_rules! programs {
    ($name:ident, $rt:ident) => {
        mod $name {
            use selvedge::$rt::sync::atomic::{AtomicU32, Ordering::SeqCst};
            use selvedge::$rt::sync::{Arc, Condvar, Mutex, RwLock};
            use selvedge::$rt::{channel, thread};

            /// Runs two closures beside each other.
            fn both<A: Send + 'static, B: Send + 'static>(
                a: impl FnOnce() -> A + Send + 'static,
                b: impl FnOnce() -> B + Send + 'static,
            ) -> (A, B) {
                let a = thread::spawn(a);
                let b = thread::spawn(b);
                (a.join().unwrap(), b.join().unwrap())
            }

            fn store_buffering() -> String {
                let x = Arc::new((AtomicU32::new(0), AtomicU32::new(0)));
                let y = x.clone();
                let seen = both(
                    move || {
                        x.0.store(1, SeqCst);
                        x.1.load(SeqCst)
                    },
                    move || {
                        y.1.store(1, SeqCst);
                        y.0.load(SeqCst)
                    },
                );
                format!("{seen:?}")
            }

            fn lost_update() -> String {
                let x = Arc::new(AtomicU32::new(0));
                let add = |x: Arc<AtomicU32>| {
                    move || {
                        for _ in 0..2 {
                            let n = x.load(SeqCst);
                            x.store(n + 1, SeqCst);
                        }
                    }
                };
                both(add(x.clone()), add(x.clone()));
                x.load(SeqCst).to_string()
            }

            fn compare_exchange() -> String {
                let x = Arc::new(AtomicU32::new(0));
                let set = |x: Arc<AtomicU32>, to: u32| {
                    move || {
                        let first = x.compare_exchange(0, to, SeqCst, SeqCst).is_ok();
                        (first, x.swap(10 * to, SeqCst))
                    }
                };
                let seen = both(set(x.clone(), 1), set(x.clone(), 2));
                format!("{seen:?} {}", x.load(SeqCst))
            }

            fn try_lock() -> String {
                let m = Arc::new(Mutex::new(0));
                let n = m.clone();
                let (_, refused) = both(
                    move || *m.lock().unwrap() += 1,
                    move || n.try_lock().map(|guard| *guard).ok(),
                );
                format!("{refused:?}")
            }

            fn readers_and_a_writer() -> String {
                let l = Arc::new(RwLock::new(0));
                let m = l.clone();
                let (first, second) = both(
                    move || {
                        let first = *l.read().unwrap();
                        (first, *l.read().unwrap())
                    },
                    move || {
                        *m.write().unwrap() += 1;
                        *m.write().unwrap() += 1;
                    },
                );
                format!("{first:?} {second:?}")
            }

            fn condition_variable() -> String {
                let pair = Arc::new((Mutex::new(0), Condvar::new()));
                let other = pair.clone();
                let (waited, _) = both(
                    move || {
                        let mut turns = 0;
                        let mut n = pair.0.lock().unwrap();
                        while *n == 0 {
                            n = pair.1.wait(n).unwrap();
                            turns += 1;
                        }
                        (turns, *n)
                    },
                    move || {
                        for _ in 0..2 {
                            *other.0.lock().unwrap() += 1;
                            other.1.notify_one();
                        }
                    },
                );
                format!("{waited:?}")
            }

            fn messages() -> String {
                let (sender, receiver) = channel::unbounded();
                let second = sender.clone();
                both(
                    move || (sender.send(1).is_ok(), sender.send(2).is_ok()),
                    move || second.send(3).is_ok(),
                );
                let mut seen = Vec::new();
                while let Ok(message) = receiver.recv() {
                    seen.push(message);
                }
                format!("{seen:?}")
            }

            pub(super) const ALL: [(&str, fn() -> String); 7] = [
                ("store buffering", store_buffering),
                ("lost update", lost_update),
                ("compare_exchange", compare_exchange),
                ("try_lock", try_lock),
                ("readers and a writer", readers_and_a_writer),
                ("condition variable", condition_variable),
                ("messages", messages),
            ];
        }
    };
}

programs!(ours, native);
programs!(theirs, shuttle);

/// A program that keeps its outcomes, and how often it was run.
fn collect(program: fn() -> String) -> (Seen, impl Fn() + Send + Sync + 'static) {
    let seen = Seen::default();
    let notes = StdArc::clone(&seen);
    (seen, move || {
        let outcome = program();
        *notes.lock().unwrap().entry(outcome).or_default() += 1;
    })
}

#[test]
fn outcomes_are_those_of_shuttles_search() {
    for ((name, ours), (_, theirs)) in ours::ALL.into_iter().zip(theirs::ALL) {
        let (ours, body) = collect(ours);
        let report = Explorer::new().run(body);
        assert!(report.exhausted() && report.failures().is_empty(), "{name}: {report:?}");

        let (theirs, body) = collect(theirs);
        shuttle::check_dfs(body, None);

        let (ours, theirs) = (ours.lock().unwrap(), theirs.lock().unwrap());
        assert!(ours.keys().eq(theirs.keys()), "{name}: {ours:?}, shuttle {theirs:?}");
        assert!(ours.len() > 1, "{name}: one outcome only");
        let interleavings: u64 = theirs.values().sum();
        assert!(report.executions() < interleavings, "{name}: {interleavings} interleavings");
    }
}
