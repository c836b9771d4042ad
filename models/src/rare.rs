//! Programs that teach the search something in one behaviour of thousands:
//! that it matters who drops an `Arc` last. It starts again then; in parts, it
//! has to know that in each of them, and most meet no such behaviour.

use selvedge::native::Named;
use selvedge::native::sync::Arc;
use selvedge::native::sync::atomic::{AtomicU64, Ordering::SeqCst};
use selvedge::native::thread::{self, Scope};
use selvedge::{invariant, note};
use selvedge_core::scenario::{Body, Broken, Expectation, Scenario};
use selvedge_core::time::Time;

/// How often either thread adds one.
const ADDITIONS: u64 = 8;

/// Who drops it says so, if somebody is to be told.
struct Token<'a>(Option<&'a AtomicU64>);

impl Drop for Token<'_> {
    fn drop(&mut self) {
        if let Some(gone) = self.0 {
            gone.store(1, SeqCst);
        }
    }
}

/// Two threads add to a counter, and drop a token of which nobody is told. If
/// the first finds all the other's additions before its own, it runs `share`.
///
/// The additions have 16 over 8 orders, and in each of them either may be the
/// last to drop the token.
fn additions(share: impl for<'a> Fn(&'a Scope<'a, '_>, &'a AtomicU64) + Sync) {
    let counter = &AtomicU64::new(0).named("counter");
    let gone = &AtomicU64::new(0).named("gone");
    let share = &share;
    let token = Arc::new(Token(None));
    let same = Arc::clone(&token);
    thread::scope(|scope| {
        scope.spawn(move || {
            let found = counter.fetch_add(1, SeqCst);
            (1..ADDITIONS).for_each(|_| _ = counter.fetch_add(1, SeqCst));
            drop(token);
            if found == ADDITIONS {
                note!("all others came first");
                share(scope, gone);
            }
        });
        scope.spawn(move || {
            (0..ADDITIONS).for_each(|_| _ = counter.fetch_add(1, SeqCst));
            drop(same);
        });
    });
}

/// A helper gets a token as well. It is looked for when both have dropped it,
/// either of them last: one behaviour is two.
fn joined<'a>(scope: &'a Scope<'a, '_>, gone: &'a AtomicU64) {
    let token = Arc::new(Token(Some(gone)));
    let same = Arc::clone(&token);
    let helper = scope.spawn(move || drop(same));
    drop(token);
    helper.join().expect("the helper does not panic");
    check(gone);
}

/// It is looked for when it was dropped here: the helper may still have it.
fn not_joined<'a>(scope: &'a Scope<'a, '_>, gone: &'a AtomicU64) {
    let token = Arc::new(Token(Some(gone)));
    let same = Arc::clone(&token);
    scope.spawn(move || drop(same));
    drop(token);
    check(gone);
}

fn check(gone: &AtomicU64) {
    invariant!("the token is gone", gone.load(SeqCst) == 1);
}

/// The programs as scenarios.
pub fn scenarios() -> Vec<Scenario> {
    let scenario = |name: &'static str, about: &'static str, expect, fixes, body| Scenario {
        name: name.into(),
        about: about.into(),
        expect,
        fixes,
        sampled: None,
        time: Time::default(),
        body,
    };
    vec![
        scenario(
            "rare/last-drop",
            " In one of 12,870 orders of additions a token is shared.\n \
             Whoever drops it last: it is gone when both have.\n",
            Expectation::Holds,
            &[],
            Body::new(|| additions(joined)),
        ),
        scenario(
            "rare/own-drop",
            " In one of 12,870 orders of additions a token is shared.\n \
             Who has dropped it takes it to be gone, and the other one still has it.\n",
            Expectation::Breaks(vec![Broken::invariant("the token is gone")]),
            &["rare/last-drop"],
            Body::new(|| additions(not_joined)),
        ),
    ]
}
