//! Runs an exploration in a child process: whatever becomes of it, ours goes on.
//!
//! On unix the child is forked. Only the forking thread exists in it, and a
//! lock that another thread held at that moment is never released. The child
//! therefore avoids the locks that the standard library shares between
//! threads: the panic hook is installed beforehand (see
//! [`install_hook`](super::watch::install_hook)), the lock of stderr is held
//! by the forking thread, and results go through a pipe of their own. What
//! cannot be helped is the program under test taking such a lock itself: a
//! `println!` in it waits for ever if another thread was printing just then.
//!
//! Elsewhere the exploration runs in this process, where panics are caught and
//! aborts are not.
//!
//! This module holds all of the crate's unsafe code that this needs.

#[cfg(unix)]
pub(super) use unix::isolated;

#[cfg(not(unix))]
pub(super) use in_process::isolated;

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::watch::Watch;

/// The watch of this process, if it is a child that explores.
static WATCH: AtomicPtr<Watch> = AtomicPtr::new(ptr::null_mut());

/// The watch of this process, if it is a child that explores.
pub(super) fn watch() -> Option<&'static Watch> {
    let watch = WATCH.load(Ordering::Acquire);
    // SAFETY: it is null, or was made by `Box::leak` in `install` and is never
    // freed; `Watch` is only ever borrowed shared.
    unsafe { watch.as_ref() }
}

/// Makes this process one that explores. The watch is leaked: a process has
/// one, and its end is near.
fn install(watch: Watch) -> &'static Watch {
    let watch: &'static Watch = Box::leak(Box::new(watch));
    WATCH.store(ptr::from_ref(watch).cast_mut(), Ordering::Release);
    watch
}

#[cfg(unix)]
mod unix {
    use std::ffi::c_int;
    use std::fs::File;
    use std::io::{self, PipeReader, PipeWriter, Read, Write};
    use std::os::fd::{AsRawFd, RawFd};
    use std::panic::{self, AssertUnwindSafe};
    use std::sync::{Mutex, PoisonError};
    use std::time::{Duration, Instant};

    use super::super::assemble::Death;
    use super::super::watch::{Event, Reader, Watch, install_hook, while_nobody_prints};

    /// How much of what the child wrote to stderr is kept.
    const TAIL: usize = 2_000;

    /// Runs `body` in a child process and hands its events to `take`; returns
    /// how the child ended. It is killed after `limit`.
    ///
    /// # Errors
    /// If there can be no child.
    pub(in super::super) fn isolated(
        limit: Option<Duration>,
        reader: Reader,
        done: (u64, u64),
        body: impl FnOnce(&'static Watch),
        mut take: impl FnMut(Event),
    ) -> Result<Death, String> {
        /// Held from the making of the pipes until the parent has closed its
        /// writing ends: a child that another thread forks meanwhile would
        /// inherit them, and this parent would never see the end of its pipe.
        static FORKING: Mutex<()> = Mutex::new(());

        install_hook();
        let forking = FORKING.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = |e: io::Error| format!("cannot start a process to explore in: {e}");
        let (events, events_in) = io::pipe().map_err(failed)?;
        let (stderr, stderr_in) = io::pipe().map_err(failed)?;
        let null = File::options().write(true).open("/dev/null").map_err(failed)?;
        let forked = while_nobody_prints(|| {
            // shuttle prints to stderr. Its lock is reentrant, so the child,
            // which is a copy of this thread, can take what this thread holds.
            let _stderr = io::stderr().lock();
            fork::fork()
        });
        let child = match forked {
            Err(e) => return Err(failed(e)),
            Ok(fork::Fork::Parent(child)) => child,
            Ok(fork::Fork::Child) => {
                prepare(&null, &stderr_in);
                be_the_child(events_in, reader, done, body)
            }
        };
        drop((events_in, stderr_in));
        drop(forking);

        let deadline = limit.map(|limit| Instant::now() + limit);
        let mut pipes = Pipes { events, stderr, tail: Vec::new(), line: Vec::new() };
        let overdue = loop {
            match pipes.read(deadline, &mut take) {
                Flow::Open => {}
                Flow::Closed => break false,
                Flow::Late => break true,
            }
        };
        if overdue {
            kill(child);
            // What it sent before it was killed counts.
            while let Flow::Open = pipes.read(None, &mut take) {}
        }
        let cause = reap(child);
        Ok(Death { cause, overdue, stderr: pipes.last_words() })
    }

    fn prepare(null: &File, stderr: &PipeWriter) {
        let no_core = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: plain system calls; the descriptors are open, and the
        // structure lives until the call returns. If one fails, the child
        // writes where it should not, or leaves a core dump; no more.
        unsafe {
            libc::dup2(null.as_raw_fd(), libc::STDOUT_FILENO);
            libc::dup2(stderr.as_raw_fd(), libc::STDERR_FILENO);
            libc::setrlimit(libc::RLIMIT_CORE, &no_core);
            // The child is of no use without its parent.
            #[cfg(target_os = "linux")]
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        }
    }

    /// The child's whole life. It must not return into the code that forked:
    /// that would run a second time.
    fn be_the_child(
        events: PipeWriter,
        reader: Reader,
        done: (u64, u64),
        body: impl FnOnce(&'static Watch),
    ) -> ! {
        // Threads of a stress test send as well: a line must not be torn.
        let events = Mutex::new(events);
        let watch = super::install(Watch::new(reader, done, move |event| {
            let Ok(mut line) = serde_json::to_vec(event) else { exit(102) };
            line.push(b'\n');
            let mut events = events.lock().unwrap_or_else(PoisonError::into_inner);
            if events.write_all(&line).is_err() {
                // Nobody reads any more.
                exit(103);
            }
        }));
        let result = panic::catch_unwind(AssertUnwindSafe(|| body(watch)));
        exit(if result.is_ok() { 0 } else { 101 })
    }

    /// Ends the process without running anything that was registered for its
    /// end: that is the parent's.
    pub(in super::super) fn exit(code: c_int) -> ! {
        // SAFETY: a system call that does not return.
        unsafe { libc::_exit(code) }
    }

    fn kill(child: c_int) {
        // SAFETY: a system call. The child has not been waited for, so the
        // number is still its own.
        unsafe {
            libc::kill(child, libc::SIGKILL);
        }
    }

    /// Waits for the child; returns why it ended, unless that was as planned.
    fn reap(child: c_int) -> Option<String> {
        let mut status = 0;
        loop {
            // SAFETY: a system call that writes to `status`, which lives on.
            let waited = unsafe { libc::waitpid(child, &mut status, 0) };
            if waited == child {
                break;
            }
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Some(format!("waiting for the process failed: {error}"));
            }
        }
        if libc::WIFSIGNALED(status) {
            let signal = libc::WTERMSIG(status);
            let name = match signal {
                libc::SIGABRT => " (SIGABRT)",
                libc::SIGSEGV => " (SIGSEGV), perhaps a stack overflow",
                libc::SIGBUS => " (SIGBUS)",
                libc::SIGILL => " (SIGILL)",
                libc::SIGKILL => " (SIGKILL)",
                _ => "",
            };
            return Some(format!("signal {signal}{name}"));
        }
        match libc::WEXITSTATUS(status) {
            0 => None,
            code => Some(format!("exit code {code}")),
        }
    }

    enum Flow {
        /// There may be more.
        Open,
        /// The child has ended.
        Closed,
        /// The deadline has passed.
        Late,
    }

    /// What the parent reads.
    struct Pipes {
        events: PipeReader,
        stderr: PipeReader,
        /// The end of what was written to stderr.
        tail: Vec<u8>,
        /// The beginning of a line of which the end has not come.
        line: Vec<u8>,
    }

    impl Pipes {
        /// Waits for something to read, and reads it.
        fn read(&mut self, deadline: Option<Instant>, take: &mut impl FnMut(Event)) -> Flow {
            let wait = match deadline {
                // Rounded up: not to spin through the last millisecond.
                Some(deadline) => deadline
                    .saturating_duration_since(Instant::now())
                    .as_millis()
                    .try_into()
                    .map_or(c_int::MAX, |ms: c_int| ms.saturating_add(1)),
                None => -1,
            };
            let [events, stderr] = poll([self.events.as_raw_fd(), self.stderr.as_raw_fd()], wait);
            if stderr {
                self.read_stderr();
            }
            if events {
                let mut buffer = [0; 16 * 1024];
                match self.events.read(&mut buffer) {
                    Ok(0) => return Flow::Closed,
                    Ok(n) => self.take_lines(&buffer[..n], take),
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                    Err(_) => return Flow::Closed,
                }
            }
            // Also while it keeps sending: a child that never pauses is late.
            match deadline {
                Some(deadline) if Instant::now() >= deadline => Flow::Late,
                _ => Flow::Open,
            }
        }

        fn take_lines(&mut self, bytes: &[u8], take: &mut impl FnMut(Event)) {
            for part in bytes.split_inclusive(|byte| *byte == b'\n') {
                self.line.extend_from_slice(part);
                if part.ends_with(b"\n") {
                    // A line that cannot be read was torn by the child's end.
                    if let Ok(event) = serde_json::from_slice(&self.line) {
                        take(event);
                    }
                    self.line.clear();
                }
            }
        }

        fn read_stderr(&mut self) -> usize {
            let mut buffer = [0; 4 * 1024];
            let read = self.stderr.read(&mut buffer).unwrap_or(0);
            self.tail.extend_from_slice(&buffer[..read]);
            let too_much = self.tail.len().saturating_sub(TAIL);
            self.tail.drain(..too_much);
            read
        }

        /// The end of what was written to stderr, once the child has ended.
        fn last_words(mut self) -> String {
            // Not until the end of the file: a process that the program has
            // started may still hold it open.
            while poll([self.stderr.as_raw_fd()], 0) == [true] && self.read_stderr() > 0 {}
            String::from_utf8_lossy(&self.tail).trim().to_owned()
        }
    }

    /// Waits until one of the descriptors can be read without blocking, or for
    /// `wait` milliseconds; says which can.
    fn poll<const N: usize>(fds: [RawFd; N], wait: c_int) -> [bool; N] {
        let mut polled = fds.map(|fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 });
        // SAFETY: a system call that reads and writes the N structures, which
        // live until it returns; the descriptors are open.
        let ready = unsafe { libc::poll(polled.as_mut_ptr(), N as libc::nfds_t, wait) };
        polled.map(|p| ready > 0 && p.revents != 0)
    }
}

#[cfg(unix)]
pub(super) use unix::exit;

/// Without processes: panics are caught, aborts are not.
#[cfg(any(not(unix), test))]
#[cfg_attr(unix, allow(dead_code, reason = "it is tested on unix, and used elsewhere"))]
mod in_process {
    use std::panic::{self, AssertUnwindSafe};
    use std::sync::atomic::Ordering;
    use std::sync::mpsc;
    use std::sync::{Mutex, PoisonError};
    use std::time::Duration;

    use super::super::assemble::Death;
    use super::super::watch::{Event, Reader, Watch, install_hook};

    /// Runs `body` and hands its events to `take`. It cannot be stopped, so
    /// the limit is not kept.
    pub(in super::super) fn isolated(
        _limit: Option<Duration>,
        reader: Reader,
        done: (u64, u64),
        body: impl FnOnce(&'static Watch),
        mut take: impl FnMut(Event),
    ) -> Result<Death, String> {
        /// One exploration at a time: there is one watch in a process.
        static EXPLORING: Mutex<()> = Mutex::new(());

        install_hook();
        let exploring = EXPLORING.lock().unwrap_or_else(PoisonError::into_inner);
        let (send, events) = mpsc::channel();
        let watch = super::install(Watch::new(reader, done, move |event: &Event| {
            // The receiver lives as long as the exploration.
            let copy = serde_json::to_string(event).ok();
            if let Some(event) = copy.and_then(|json| serde_json::from_str(&json).ok()) {
                let _ = send.send(event);
            }
        }));
        let result = panic::catch_unwind(AssertUnwindSafe(|| body(watch)));
        super::WATCH.store(std::ptr::null_mut(), Ordering::Release);
        drop(exploring);
        events.try_iter().for_each(&mut take);
        let cause = result.err().map(|_| "a panic in the engine".to_owned());
        Ok(Death { cause, ..Death::default() })
    }
}

/// Ends a part of the exploration that cannot go on: threads hang. There is no
/// process to end with it, so they are left behind.
#[cfg(not(unix))]
pub(super) fn exit(_code: i32) -> ! {
    loop {
        std::thread::park();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::thread;
    use std::time::{Duration, Instant};

    use selvedge_core::report::End;

    use super::super::watch::{Event, Panicked, Reader};
    use super::*;

    const READER: Reader = Reader { meaning: Panicked::into_panic, schedule: || None };

    #[test]
    fn a_child_that_takes_too_long_is_killed_and_what_it_sent_counts() {
        let start = Instant::now();
        let mut events = Vec::new();
        let death = isolated(
            Some(Duration::from_millis(50)),
            READER,
            (3, 0),
            |watch| {
                watch.begin();
                watch.paused();
                thread::sleep(Duration::from_secs(60));
            },
            |event| events.push(event),
        )
        .unwrap();
        assert!(death.overdue && start.elapsed() < Duration::from_secs(50));
        assert_eq!(death.cause.as_deref(), Some("signal 9 (SIGKILL)"));
        assert!(matches!(events[..], [Event::Paused { executions: 4, steps: 0 }]), "{events:?}");
    }

    #[test]
    fn without_processes_the_same_events_come() {
        // In a child all the same: there is one watch in a process, and other
        // tests may be running in this one.
        let death = isolated(
            None,
            READER,
            (0, 0),
            |_| {
                let mut events = Vec::new();
                let inner = in_process::isolated(
                    None,
                    READER,
                    (0, 0),
                    |watch| {
                        watch.begin();
                        watch.failed_with(Vec::new());
                        watch.ended(1, End::Executions);
                    },
                    |event| events.push(event),
                );
                assert_eq!(inner.unwrap().cause, None);
                assert!(watch().is_none());
                assert!(matches!(
                    events[..],
                    [Event::Failed { execution: 1, .. }, Event::Ended { executions: 1, .. }]
                ));
            },
            |_| {},
        );
        assert_eq!(death.unwrap().cause, None);
    }
}
