//! One run of a program on real threads, and who belongs to it.

use ::std::any::Any;
use ::std::cell::RefCell;
use ::std::collections::BTreeMap;
use ::std::fmt;
use ::std::hint;
use ::std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use ::std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use ::std::thread;
use ::std::time::{Duration, Instant};

/// How long a thread waits for others to be started, at most.
const PATIENCE: Duration = Duration::from_micros(50);

/// How often a waiting thread looks before it lets others run.
const SPINS: u32 = 100;

thread_local! {
    /// The run that this thread belongs to.
    static CURRENT: RefCell<Option<Arc<Run>>> = const { RefCell::new(None) };
    /// Where the threads wait that this thread has started lately.
    static GATE: RefCell<Option<Arc<Gate>>> = const { RefCell::new(None) };
}

/// One run of a program: the threads that were started in it through
/// [`stress::thread`](super::thread), directly or by one another.
pub struct Run {
    threads: Mutex<Threads>,
    ended: Condvar,
    on_panic: Box<OnPanic>,
}

type OnPanic = dyn Fn(&(dyn Any + Send)) + Send + Sync;

#[derive(Default)]
struct Threads {
    started: u64,
    /// The name of each thread that has not ended.
    unfinished: BTreeMap<u64, Option<String>>,
}

impl Run {
    /// A run without threads. `on_panic` is called, on its own thread, with
    /// what a thread panicked with.
    pub fn new(on_panic: impl Fn(&(dyn Any + Send)) + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Run {
            threads: Mutex::default(),
            ended: Condvar::new(),
            on_panic: Box::new(on_panic),
        })
    }

    /// Runs the main thread's part on this thread.
    pub fn enter<R>(self: &Arc<Self>, body: impl FnOnce() -> R) -> R {
        struct Restores(Option<Arc<Run>>);
        impl Drop for Restores {
            fn drop(&mut self) {
                open_gate();
                CURRENT.set(self.0.take());
            }
        }
        let _restores = Restores(CURRENT.replace(Some(Arc::clone(self))));
        body()
    }

    /// Waits until all threads have ended, or for `grace`; returns the names
    /// of those that have not, in the order in which they were started.
    pub fn unfinished(&self, grace: Duration) -> Vec<String> {
        let (threads, _) = self
            .ended
            .wait_timeout_while(self.lock(), grace, |threads| !threads.unfinished.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        let name = |(id, name): (&u64, &Option<String>)| match name {
            Some(name) => format!("'{name}'"),
            None => format!("number {id}"),
        };
        threads.unfinished.iter().map(name).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Threads> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Run { .. }")
    }
}

/// Keeps a thread among the unfinished ones of its run until it is dropped.
struct Member {
    run: Arc<Run>,
    id: u64,
}

impl Member {
    fn new(run: Arc<Run>, name: Option<String>) -> Self {
        let mut threads = run.lock();
        threads.started += 1;
        let id = threads.started;
        threads.unfinished.insert(id, name);
        drop(threads);
        Member { run, id }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.run.lock().unfinished.remove(&self.id);
        self.run.ended.notify_all();
    }
}

/// Where threads that are started one soon after the other wait for each
/// other, unless they lose patience.
struct Gate {
    /// How many are to come; more may be, until it is closed to newcomers.
    expected: AtomicUsize,
    arrived: AtomicUsize,
    complete: AtomicBool,
}

impl Gate {
    /// The gate of the threads that this thread starts until it next blocks,
    /// which now expects one more.
    fn for_one_more() -> Arc<Self> {
        let gate = GATE.with_borrow_mut(|gate| {
            let new = || Gate {
                expected: AtomicUsize::new(0),
                arrived: AtomicUsize::new(0),
                complete: AtomicBool::new(false),
            };
            Arc::clone(gate.get_or_insert_with(|| Arc::new(new())))
        });
        gate.expected.fetch_add(1, Ordering::Relaxed);
        gate
    }

    fn pass(&self) {
        let start = Instant::now();
        self.arrived.fetch_add(1, Ordering::Relaxed);
        let all_are_there = || {
            self.complete.load(Ordering::Acquire)
                && self.arrived.load(Ordering::Relaxed) >= self.expected.load(Ordering::Relaxed)
        };
        loop {
            // Spinning, so that all leave at once; yielding now and then, in
            // case there are more threads than processors.
            for _ in 0..SPINS {
                if all_are_there() {
                    return;
                }
                hint::spin_loop();
            }
            if start.elapsed() >= PATIENCE {
                return;
            }
            thread::yield_now();
        }
    }
}

/// Tells the threads that this thread has started lately that they are all:
/// it is about to block, so it starts no more for a while.
pub(super) fn open_gate() {
    if let Some(gate) = GATE.take() {
        gate.complete.store(true, Ordering::Release);
    }
}

/// What a thread with body `f` is to run, so that the run of the thread that
/// starts it knows of it. Outside a run, just `f`.
pub(super) fn member<F, T>(name: Option<&str>, f: F) -> impl FnOnce() -> T + use<F, T>
where
    F: FnOnce() -> T,
{
    let member = CURRENT
        .with_borrow(|run| run.clone())
        .map(|run| (Member::new(run, name.map(str::to_owned)), Gate::for_one_more()));
    move || {
        let Some((member, gate)) = member else {
            return f();
        };
        member.run.enter(|| {
            gate.pass();
            // The panic goes on after it has been seen: whoever joins the
            // thread gets it.
            match ::std::panic::catch_unwind(::std::panic::AssertUnwindSafe(f)) {
                Ok(value) => value,
                Err(payload) => {
                    (member.run.on_panic)(&*payload);
                    ::std::panic::resume_unwind(payload)
                }
            }
        })
    }
}
