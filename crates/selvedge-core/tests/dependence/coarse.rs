//! Where the table says *dependent* without need, and why.

use Why::{Commute, NeverBoth};

/// Why no order of two kinds of operations matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// They commute; the table is coarser than it could be.
    Commute,
    /// No program can have both at once and make them in either order.
    NeverBoth,
}

/// An object, two operations in the order of the table, and why.
pub(crate) type Coarse = (&'static str, &'static str, &'static str, Why, &'static str);

const GUARD: &str = "there is one guard to drop";
const HELD: &str = "it is held for reading or for writing";
const OWNER: &str = "only the thread itself parks";
const RUNNER: &str = "only the thread that runs the closure ends it";
const KIND: &str = "a channel either is a rendezvous or is not";
const SENDING: &str = "who sends has a sender, so it is not the last that drops";
const RECEIVING: &str = "who receives has a receiver, so it is not the last that drops";
const LAST: &str = "only one is the last";

const POISON: &str =
    "taking or leaving the lock does not touch the poison, but both are in one state";
const CLEARED: &str = "clearing twice is clearing once";
const READERS: &str = "readers are kept in order. A writer waits for all of them at once, and a \
    search that reverses one race at a time needs them one after the other";
const QUEUE: &str = "the order of waiters is no more than the numbering of notify_one's choices";
const LEAVES: &str = "who comes and who leaves do not see each other";
const NOTIFIED: &str = "the first wakes all and the second nobody, and neither learns it";
const TOKEN: &str = "two tokens are one";
const HOLDS: &str = "who clones has a reference in hand, so the other is neither the last nor the \
    only one, and nobody sees the number";
const ALONE: &str = "each has a reference in hand, a weak one at least, so nobody is alone";
const APART: &str = "the two counts are apart, but in one state";
const NUMBER: &str = "neither sees the number";
const HELD_ON: &str = "it is held before and after";
const ENDS: &str = "each sets a flag of its own";

/// All pairs that are called dependent though no order of them matters, and
/// independent ones that never meet.
pub(crate) const COARSE: &[Coarse] = &[
    ("mutex", "lock", "is_poisoned", Commute, POISON),
    ("mutex", "try_lock", "is_poisoned", Commute, POISON),
    ("mutex", "unlock", "unlock", NeverBoth, GUARD),
    ("mutex", "clear_poison", "clear_poison", Commute, CLEARED),
    ("rwlock", "read", "read", Commute, READERS),
    ("rwlock", "read", "try_read", Commute, READERS),
    ("rwlock", "read", "unlock (read)", Commute, READERS),
    ("rwlock", "read", "is_poisoned", Commute, POISON),
    ("rwlock", "try_read", "try_read", Commute, READERS),
    ("rwlock", "try_read", "unlock (read)", Commute, READERS),
    ("rwlock", "try_read", "is_poisoned", Commute, POISON),
    ("rwlock", "unlock (read)", "unlock (read)", Commute, READERS),
    ("rwlock", "unlock (read)", "unlock (write)", NeverBoth, HELD),
    ("rwlock", "unlock (read)", "is_poisoned", Commute, POISON),
    ("rwlock", "unlock (read)", "clear_poison", Commute, POISON),
    ("rwlock", "write", "is_poisoned", Commute, POISON),
    ("rwlock", "try_write", "is_poisoned", Commute, POISON),
    ("rwlock", "unlock (write)", "unlock (write)", NeverBoth, GUARD),
    ("rwlock", "clear_poison", "clear_poison", Commute, CLEARED),
    ("rwlock", "unlock (read)", "downgrade", NeverBoth, HELD),
    ("rwlock", "write", "downgrade", Commute, HELD_ON),
    ("rwlock", "try_write", "downgrade", Commute, HELD_ON),
    ("rwlock", "unlock (write)", "downgrade", NeverBoth, GUARD),
    ("rwlock", "is_poisoned", "downgrade", Commute, POISON),
    ("rwlock", "clear_poison", "downgrade", Commute, POISON),
    ("rwlock", "downgrade", "downgrade", NeverBoth, GUARD),
    ("condvar", "wait (begin)", "wait (begin)", Commute, QUEUE),
    ("condvar", "wait (begin)", "wait_timeout (wake)", Commute, LEAVES),
    ("condvar", "wait_timeout (wake)", "wait_timeout (wake)", Commute, LEAVES),
    ("condvar", "notify_all", "notify_all", Commute, NOTIFIED),
    ("once", "call (end)", "call (end)", NeverBoth, RUNNER),
    ("channel", "send", "rendezvous (offer)", NeverBoth, KIND),
    ("channel", "send", "rendezvous (taken)", NeverBoth, KIND),
    ("channel", "send", "last sender drops", NeverBoth, SENDING),
    ("channel", "try_send", "rendezvous (offer)", NeverBoth, KIND),
    ("channel", "try_send", "rendezvous (taken)", NeverBoth, KIND),
    ("channel", "try_send", "last sender drops", NeverBoth, SENDING),
    ("channel", "send_timeout", "rendezvous (offer)", NeverBoth, KIND),
    ("channel", "send_timeout", "rendezvous (taken)", NeverBoth, KIND),
    ("channel", "send_timeout", "last sender drops", NeverBoth, SENDING),
    ("channel", "rendezvous (offer)", "last sender drops", NeverBoth, SENDING),
    ("channel", "rendezvous (taken)", "last sender drops", NeverBoth, SENDING),
    ("channel", "recv", "last receiver drops", NeverBoth, RECEIVING),
    ("channel", "try_recv", "last receiver drops", NeverBoth, RECEIVING),
    ("channel", "recv_timeout", "last receiver drops", NeverBoth, RECEIVING),
    ("channel", "select", "last receiver drops", NeverBoth, RECEIVING),
    ("channel", "last sender drops", "last sender drops", NeverBoth, LAST),
    ("channel", "last sender drops", "last receiver drops", Commute, ENDS),
    ("channel", "last receiver drops", "last receiver drops", NeverBoth, LAST),
    ("park token", "park", "park", NeverBoth, OWNER),
    ("park token", "park", "park_timeout", NeverBoth, OWNER),
    ("park token", "park_timeout", "park_timeout", NeverBoth, OWNER),
    ("park token", "unpark", "unpark", Commute, TOKEN),
    ("references", "clone", "clone", Commute, HOLDS),
    ("references", "clone", "drop", Commute, HOLDS),
    ("references", "clone", "get_mut", Commute, HOLDS),
    ("references", "clone", "try_unwrap", Commute, HOLDS),
    ("references", "clone", "make_mut", Commute, HOLDS),
    ("references", "clone", "upgrade", Commute, HOLDS),
    ("references", "clone", "downgrade, clone (weak)", Commute, APART),
    ("references", "clone", "drop (weak)", Commute, APART),
    ("references", "clone", "weak_count", Commute, APART),
    ("references", "drop", "downgrade, clone (weak)", Commute, APART),
    ("references", "drop", "drop (weak)", Commute, APART),
    ("references", "strong_count", "downgrade, clone (weak)", Commute, APART),
    ("references", "strong_count", "drop (weak)", Commute, APART),
    ("references", "get_mut", "try_unwrap", Commute, ALONE),
    ("references", "get_mut", "make_mut", Commute, ALONE),
    ("references", "get_mut", "upgrade", Commute, ALONE),
    ("references", "get_mut", "downgrade, clone (weak)", Commute, ALONE),
    ("references", "try_unwrap", "try_unwrap", Commute, ALONE),
    ("references", "try_unwrap", "make_mut", Commute, ALONE),
    ("references", "try_unwrap", "downgrade, clone (weak)", Commute, APART),
    ("references", "try_unwrap", "drop (weak)", Commute, APART),
    ("references", "make_mut", "make_mut", Commute, ALONE),
    ("references", "make_mut", "downgrade, clone (weak)", Commute, ALONE),
    ("references", "upgrade", "upgrade", Commute, NUMBER),
    ("references", "upgrade", "downgrade, clone (weak)", Commute, APART),
    ("references", "upgrade", "drop (weak)", Commute, APART),
    ("references", "upgrade", "weak_count", Commute, APART),
    ("references", "downgrade, clone (weak)", "downgrade, clone (weak)", Commute, NUMBER),
    ("references", "downgrade, clone (weak)", "drop (weak)", Commute, NUMBER),
    ("references", "drop (weak)", "drop (weak)", Commute, NUMBER),
];

/// The entry for two operations on an object, if it has one.
pub(crate) fn coarse(object: &str, a: &str, b: &str) -> Option<&'static Coarse> {
    COARSE.iter().find(|c| c.0 == object && c.1 == a && c.2 == b)
}
