//! The park token of a thread.

use super::Effect;
use crate::op::ParkOp;

/// Answers of [`ParkOp::ParkBy`]: there was a token.
pub const UNPARKED: u64 = 0;
/// Its time had come before.
pub const TIMED_OUT: u64 = 1;

/// The state of a park token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ParkState {
    /// `unpark` was called and `park` has not consumed it.
    pub token: bool,
}

impl ParkState {
    pub(super) fn eval(self, op: ParkOp) -> Option<Effect<Self>> {
        let to = |token| ParkState { token };
        match op {
            ParkOp::Park if self.token => Effect::write(0, to(false)),
            ParkOp::Park => None,
            ParkOp::ParkBy { .. } if self.token => Effect::write(UNPARKED, to(false)),
            ParkOp::ParkBy { expired } => expired.then(|| Effect::read(TIMED_OUT))?,
            ParkOp::Unpark => Effect::write(0, to(true)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_kept_once() {
        let parked = ParkState::default();
        let token = ParkState { token: true };
        assert_eq!(parked.eval(ParkOp::Park), None);
        let with = Effect::write(0, token);
        assert_eq!(parked.eval(ParkOp::Unpark), with);
        assert_eq!(token.eval(ParkOp::Unpark), with);
        assert_eq!(token.eval(ParkOp::Park), Effect::write(0, parked));
        let by = |expired| ParkOp::ParkBy { expired };
        assert_eq!(token.eval(by(true)), Effect::write(UNPARKED, parked));
        assert_eq!(parked.eval(by(true)), Effect::read(TIMED_OUT));
        assert_eq!(parked.eval(by(false)), None);
    }
}
