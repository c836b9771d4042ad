//! A channel: how many messages wait, and whether both ends are still there.
//!
//! A rendezvous (capacity 0) takes two operations on the sender's side: it
//! *offers* the message, and goes on once a receiver took it or the channel
//! was closed. Offering early is not observable otherwise: a receiver may
//! take the message exactly when a sender waits.

use super::Effect;
use crate::op::ChannelOp;

/// The state of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelState {
    /// The most messages that may wait; `None`: any number; 0: a rendezvous.
    pub capacity: Option<u64>,
    /// How many messages were sent or offered so far.
    pub sent: u64,
    /// How many of them were taken.
    pub taken: u64,
    /// `close` was called.
    pub closed: bool,
    /// All senders are gone.
    pub senders_gone: bool,
    /// All receivers are gone.
    pub receivers_gone: bool,
}

/// The operation succeeded.
pub const OK: u64 = 0;
/// The other end is gone, or the channel is closed (for `close`: already).
pub const DISCONNECTED: u64 = 1;
/// There is no message.
pub const EMPTY: u64 = 2;
/// There is no room.
pub const FULL: u64 = 2;
/// Answers of [`ChannelOp::Offer`] from here on: the ticket of the offer.
pub const TICKET: u64 = 2;

impl ChannelState {
    /// A channel with no messages.
    pub fn new(capacity: Option<u64>) -> Self {
        ChannelState {
            capacity,
            sent: 0,
            taken: 0,
            closed: false,
            senders_gone: false,
            receivers_gone: false,
        }
    }

    /// How many messages wait to be received.
    pub fn len(&self) -> u64 {
        // Offers that nobody had taken when the rendezvous was closed are void.
        if self.capacity == Some(0) && (self.closed || self.receivers_gone) {
            0
        } else {
            self.sent - self.taken
        }
    }

    /// True if no message waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// True if a send would block. Not of a rendezvous.
    fn is_full(&self) -> bool {
        self.capacity.is_some_and(|most| self.len() >= most)
    }

    /// True if a receive would not block.
    pub fn ready(&self) -> bool {
        !self.is_empty() || self.closed || self.senders_gone
    }

    pub(super) fn eval(self, op: ChannelOp) -> Option<Effect<Self>> {
        let to = |state: ChannelState| state;
        let dead = self.closed || self.receivers_gone;
        match op {
            ChannelOp::Send | ChannelOp::TrySend | ChannelOp::SendBy { .. } if dead => {
                Effect::read(DISCONNECTED)
            }
            ChannelOp::Send if self.is_full() => None,
            ChannelOp::TrySend if self.is_full() => Effect::read(FULL),
            ChannelOp::SendBy { expired } if self.is_full() => {
                expired.then(|| Effect::read(FULL))?
            }
            ChannelOp::Send | ChannelOp::TrySend | ChannelOp::SendBy { .. } => {
                Effect::write(OK, to(ChannelState { sent: self.sent + 1, ..self }))
            }
            ChannelOp::Offer if dead => Effect::read(DISCONNECTED),
            ChannelOp::Offer => {
                Effect::write(TICKET + self.sent, to(ChannelState { sent: self.sent + 1, ..self }))
            }
            ChannelOp::Taken { ticket } if ticket < self.taken => Effect::own(OK, to(self)),
            ChannelOp::Taken { .. } if dead => Effect::own(DISCONNECTED, to(self)),
            ChannelOp::Taken { .. } => None,
            ChannelOp::Recv | ChannelOp::TryRecv | ChannelOp::RecvBy { .. } if !self.is_empty() => {
                Effect::write(OK, to(ChannelState { taken: self.taken + 1, ..self }))
            }
            ChannelOp::Recv | ChannelOp::TryRecv | ChannelOp::RecvBy { .. } if self.ready() => {
                Effect::read(DISCONNECTED)
            }
            ChannelOp::Recv => None,
            ChannelOp::RecvBy { expired } => expired.then(|| Effect::read(EMPTY))?,
            ChannelOp::TryRecv => Effect::read(EMPTY),
            ChannelOp::Close if self.closed => Effect::read(DISCONNECTED),
            ChannelOp::Close => Effect::write(OK, to(ChannelState { closed: true, ..self })),
            ChannelOp::SendersGone => {
                Effect::write(OK, to(ChannelState { senders_gone: true, ..self }))
            }
            ChannelOp::ReceiversGone => {
                Effect::write(OK, to(ChannelState { receivers_gone: true, ..self }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Next;

    fn step(state: ChannelState, op: ChannelOp) -> (u64, ChannelState) {
        let effect = state.eval(op).expect("enabled");
        match effect.next {
            Next::Same => (effect.answer, state),
            Next::To(s) | Next::Own(s) => (effect.answer, s),
        }
    }

    #[test]
    fn a_full_channel_blocks_the_sender() {
        let (_, full) = step(ChannelState::new(Some(1)), ChannelOp::Send);
        assert_eq!(full.eval(ChannelOp::Send), None);
        assert_eq!(full.eval(ChannelOp::TrySend), Effect::read(FULL));
        assert_eq!(full.eval(ChannelOp::SendBy { expired: false }), None);
        assert_eq!(full.eval(ChannelOp::SendBy { expired: true }), Effect::read(FULL));
        let (answer, empty) = step(full, ChannelOp::Recv);
        assert_eq!(answer, OK);
        assert_eq!(empty.eval(ChannelOp::Recv), None);
        assert_eq!(empty.eval(ChannelOp::TryRecv), Effect::read(EMPTY));
        assert_eq!(empty.eval(ChannelOp::RecvBy { expired: false }), None);
        assert_eq!(empty.eval(ChannelOp::RecvBy { expired: true }), Effect::read(EMPTY));
    }

    #[test]
    fn messages_outlive_the_close() {
        let (_, one) = step(ChannelState::new(None), ChannelOp::Send);
        let (_, closed) = step(one, ChannelOp::Close);
        assert_eq!(step(closed, ChannelOp::Close).0, DISCONNECTED);
        assert_eq!(step(closed, ChannelOp::Send).0, DISCONNECTED);
        let (answer, empty) = step(closed, ChannelOp::Recv);
        assert_eq!(answer, OK);
        assert_eq!(step(empty, ChannelOp::Recv).0, DISCONNECTED);
    }

    #[test]
    fn a_rendezvous_ends_when_taken_or_closed() {
        let (ticket, offered) = step(ChannelState::new(Some(0)), ChannelOp::Offer);
        let taken = ChannelOp::Taken { ticket: ticket - TICKET };
        assert_eq!(offered.eval(taken), None);
        let (_, received) = step(offered, ChannelOp::Recv);
        assert_eq!(step(received, taken).0, OK);
        let (_, closed) = step(offered, ChannelOp::Close);
        assert_eq!(step(closed, taken).0, DISCONNECTED);
        assert_eq!(step(closed, ChannelOp::TryRecv).0, DISCONNECTED);
    }
}
