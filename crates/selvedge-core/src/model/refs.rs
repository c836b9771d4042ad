//! A count of references, for handles whose last drop does something visible
//! (the last sender disconnects its channel).

use super::Effect;
use crate::op::RefsOp;

/// The state of a count of references.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefsState {
    /// How many there are.
    pub count: u64,
}

impl RefsState {
    pub(super) fn eval(self, op: RefsOp) -> Option<Effect<Self>> {
        let count = match op {
            RefsOp::Retain => self.count + 1,
            RefsOp::Release => self.count.saturating_sub(1),
            RefsOp::Count | RefsOp::Unique => return Effect::read(self.count),
        };
        Effect::write(count, RefsState { count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_what_remains() {
        let two = RefsState { count: 2 };
        assert_eq!(two.eval(RefsOp::Release).unwrap().answer, 1);
        assert_eq!(two.eval(RefsOp::Retain).unwrap().answer, 3);
        assert_eq!(two.eval(RefsOp::Count), Effect::read(2));
    }
}
