//! Counts of references, for handles whose last drop does something visible: an
//! `Arc` that drops its value, the last sender that disconnects its channel.
//!
//! A weak reference keeps no value alive, and can be made a strong one while
//! there is another.

use super::Effect;
use crate::op::RefsOp;

/// The state of a count of references.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefsState {
    /// How many keep the value alive.
    pub strong: u64,
    /// How many do not.
    pub weak: u64,
}

/// The answer of [`RefsOp::Own`]: others share the value, so it is to be copied.
pub const SHARED: u64 = 0;
/// Only weak ones are left behind: the value was taken from them.
pub const MOVED: u64 = 1;
/// There is no other reference.
pub const ALONE: u64 = 2;

impl RefsState {
    pub(super) fn eval(self, op: RefsOp) -> Option<Effect<Self>> {
        let RefsState { strong, weak } = self;
        let keep = |strong| Effect::write(strong, RefsState { strong, weak });
        let keep_weak = |weak| Effect::write(weak, RefsState { strong, weak });
        let take = || Effect::write(1, RefsState { strong: 0, weak });
        match op {
            RefsOp::Retain => keep(strong + 1),
            RefsOp::Release => keep(strong.saturating_sub(1)),
            RefsOp::Count => Effect::read(strong),
            RefsOp::Unique => Effect::read(strong + weak),
            RefsOp::Unwrap if strong == 1 => take(),
            RefsOp::Unwrap => Effect::read(0),
            RefsOp::Own if strong != 1 => Effect::read(SHARED),
            RefsOp::Own if weak == 0 => Effect::read(ALONE),
            RefsOp::Own => take(),
            RefsOp::Upgrade if strong == 0 => Effect::read(0),
            RefsOp::Upgrade => keep(strong + 1),
            RefsOp::RetainWeak => keep_weak(weak + 1),
            RefsOp::ReleaseWeak => keep_weak(weak.saturating_sub(1)),
            RefsOp::CountWeak => Effect::read(if strong == 0 { 0 } else { weak }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refs(strong: u64, weak: u64) -> RefsState {
        RefsState { strong, weak }
    }

    #[test]
    fn the_answer_is_what_remains() {
        let two = refs(2, 0);
        assert_eq!(two.eval(RefsOp::Release), Effect::write(1, refs(1, 0)));
        assert_eq!(two.eval(RefsOp::Retain), Effect::write(3, refs(3, 0)));
        assert_eq!(two.eval(RefsOp::Count), Effect::read(2));
        assert_eq!(two.eval(RefsOp::RetainWeak), Effect::write(1, refs(2, 1)));
    }

    #[test]
    fn a_weak_reference_is_upgraded_while_there_is_a_value() {
        assert_eq!(refs(1, 1).eval(RefsOp::Upgrade), Effect::write(2, refs(2, 1)));
        assert_eq!(refs(0, 1).eval(RefsOp::Upgrade), Effect::read(0));
        assert_eq!(refs(0, 1).eval(RefsOp::CountWeak), Effect::read(0));
    }

    #[test]
    fn only_the_only_reference_takes_the_value() {
        assert_eq!(refs(2, 0).eval(RefsOp::Unwrap), Effect::read(0));
        assert_eq!(refs(1, 1).eval(RefsOp::Unwrap), Effect::write(1, refs(0, 1)));
        assert_eq!(refs(2, 0).eval(RefsOp::Own), Effect::read(SHARED));
        assert_eq!(refs(1, 0).eval(RefsOp::Own), Effect::read(ALONE));
        assert_eq!(refs(1, 1).eval(RefsOp::Own), Effect::write(MOVED, refs(0, 1)));
        assert_eq!(refs(1, 1).eval(RefsOp::Unique), Effect::read(2));
    }
}
