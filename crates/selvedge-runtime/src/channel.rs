//! Channels as first-class objects: names of crossbeam-channel, and an
//! explicit `close`.
//!
//! A channel made outside an exploration is a real one and stays so.

use std::collections::VecDeque;
use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use selvedge_core::id::ObjectId;
use selvedge_core::model::{ObjectState, RefsState, channel as model};
use selvedge_core::op::{ChannelOp, OpKind, RefsOp, SelectOp, ThreadOp};
use selvedge_surface::std::channel as real;

use crate::context::{Context, current};
use crate::handle::Handle;

pub use real::{
    CloseError, RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError,
    TrySendError,
};

/// What the ends of a modelled channel share.
struct Shared<T> {
    capacity: Option<usize>,
    epoch: u64,
    made_at: &'static Location<'static>,
    name: OnceLock<&'static str>,
    object: ObjectId,
    senders: Handle,
    receivers: Handle,
    /// The messages; of a rendezvous, each with the ticket of its offer.
    queue: Mutex<VecDeque<(u64, T)>>,
}

impl<T> Shared<T> {
    fn queue(&self) -> std::sync::MutexGuard<'_, VecDeque<(u64, T)>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The context, if the caller is part of the execution that made the channel.
    fn context(&self) -> Option<&Context> {
        current().filter(|c| c.epoch() == self.epoch)
    }

    fn perform(&self, op: ChannelOp, at: &'static Location<'static>) -> u64 {
        let Some(context) = self.context() else {
            panic!("a channel is used after the execution that made it (at {})", self.made_at)
        };
        context.perform_at(OpKind::Channel(op), Some(self.object), at)
    }

    /// The same for an operation that gives up after a time.
    fn perform_within(
        &self,
        timeout: Duration,
        op: impl FnOnce(bool) -> ChannelOp,
        timed_out: u64,
        at: &'static Location<'static>,
    ) -> u64 {
        let Some(context) = self.context() else {
            panic!("a channel is used after the execution that made it (at {})", self.made_at)
        };
        let kind = |expired| OpKind::Channel(op(expired));
        context.perform_within(timeout, kind, Some(self.object), timed_out, at)
    }

    #[track_caller]
    fn refuse_rendezvous(&self, what: &str) {
        assert!(
            self.capacity != Some(0),
            "{what} on a channel of capacity 0 is not there: give it a capacity of 1, or use send"
        );
    }

    fn set_name(&self, name: &'static str) {
        let name = *self.name.get_or_init(|| name);
        if let Some(context) = self.context() {
            context.world(|w| w.name_object(self.object, name));
        }
    }

    fn close(&self, at: &'static Location<'static>) -> Result<(), CloseError> {
        match self.perform(ChannelOp::Close, at) {
            model::OK => Ok(()),
            _ => Err(CloseError),
        }
    }

    fn pop(&self) -> T {
        self.queue().pop_front().expect("a message for each successful receive").1
    }

    /// One more end of this kind.
    fn retain(&self, refs: &Handle) {
        if let Some(context) = self.context() {
            let count = refs.object(context, self.name.get().copied(), || {
                ObjectState::Refs(RefsState { strong: 1, weak: 0 })
            });
            context.perform_at(OpKind::Refs(RefsOp::Retain), Some(count), self.made_at);
        }
    }

    /// One less; `gone` is the operation of the last one.
    fn release(&self, refs: &Handle, gone: ChannelOp) {
        let Some(context) = self.context() else { return };
        let last = match refs.known(context) {
            // It was never cloned.
            None => true,
            Some(count) => {
                context.perform_at(OpKind::Refs(RefsOp::Release), Some(count), self.made_at) == 0
            }
        };
        if last {
            self.perform(gone, self.made_at);
            if gone == ChannelOp::ReceiversGone && self.capacity != Some(0) {
                // Nobody can receive them: as std does, with the lock released.
                let unreceived = std::mem::take(&mut *self.queue());
                drop(unreceived);
            }
        }
    }
}

enum End<T, R> {
    Model(Arc<Shared<T>>),
    Real(R),
}

/// The sending end; may be cloned.
pub struct Sender<T>(End<T, real::Sender<T>>);

/// The receiving end; may be cloned, each message goes to one receiver.
pub struct Receiver<T>(End<T, real::Receiver<T>>);

/// A channel that holds at most `capacity` messages. With capacity 0 a send
/// returns when a receiver has taken the message.
#[track_caller]
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    make(Some(capacity), || real::bounded(capacity))
}

/// A channel that holds any number of messages.
#[track_caller]
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    make(None, real::unbounded)
}

#[track_caller]
fn make<T>(
    capacity: Option<usize>,
    real: impl FnOnce() -> (real::Sender<T>, real::Receiver<T>),
) -> (Sender<T>, Receiver<T>) {
    let Some(context) = current() else {
        let (sender, receiver) = real();
        return (Sender(End::Real(sender)), Receiver(End::Real(receiver)));
    };
    let thread = context.thread();
    let object = context.world(|w| w.register_channel(thread, capacity.map(|n| n as u64)));
    let shared = Arc::new(Shared {
        capacity,
        epoch: context.epoch(),
        made_at: Location::caller(),
        name: OnceLock::new(),
        object,
        senders: Handle::new(),
        receivers: Handle::new(),
        queue: Mutex::new(VecDeque::new()),
    });
    (Sender(End::Model(Arc::clone(&shared))), Receiver(End::Model(shared)))
}

/// A real channel would block the OS thread on which all threads of the
/// exploration run.
fn refuse_real() {
    assert!(
        current().is_none(),
        "a channel made outside the exploration is used inside: make it in the program that is \
         explored"
    );
}

impl<T> Sender<T> {
    /// Sends a message, waiting while the channel is full (or, with capacity
    /// 0, until a receiver takes the message).
    ///
    /// # Errors
    /// Gives the message back if the channel is closed or all receivers are gone.
    #[track_caller]
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        let at = Location::caller();
        match &self.0 {
            End::Model(shared) if shared.capacity == Some(0) => rendezvous(shared, message, at),
            End::Model(shared) => match shared.perform(ChannelOp::Send, at) {
                model::OK => {
                    shared.queue().push_back((0, message));
                    Ok(())
                }
                _ => Err(SendError(message)),
            },
            End::Real(sender) => {
                refuse_real();
                sender.send(message)
            }
        }
    }

    /// Sends a message if there is room at once.
    ///
    /// # Errors
    /// Gives the message back: `Full` if there is no room, `Disconnected` if
    /// the channel is closed or all receivers are gone.
    ///
    /// # Panics
    /// If the capacity is 0: whether a receiver waits already is not modelled.
    #[track_caller]
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        match &self.0 {
            End::Model(shared) => {
                shared.refuse_rendezvous("try_send");
                match shared.perform(ChannelOp::TrySend, Location::caller()) {
                    model::OK => {
                        shared.queue().push_back((0, message));
                        Ok(())
                    }
                    model::FULL => Err(TrySendError::Full(message)),
                    _ => Err(TrySendError::Disconnected(message)),
                }
            }
            End::Real(sender) => sender.try_send(message),
        }
    }

    /// Sends a message, waiting for that time at most while the channel is full.
    ///
    /// # Errors
    /// Gives the message back: `Timeout` if there was no room in that time,
    /// `Disconnected` if the channel is closed or all receivers are gone.
    ///
    /// # Panics
    /// If the capacity is 0: an offer that is taken back is not modelled.
    #[track_caller]
    pub fn send_timeout(&self, message: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        let at = Location::caller();
        match &self.0 {
            End::Model(shared) => {
                shared.refuse_rendezvous("send_timeout");
                let send = |expired| ChannelOp::SendBy { expired };
                match shared.perform_within(timeout, send, model::FULL, at) {
                    model::OK => {
                        shared.queue().push_back((0, message));
                        Ok(())
                    }
                    model::FULL => Err(SendTimeoutError::Timeout(message)),
                    _ => Err(SendTimeoutError::Disconnected(message)),
                }
            }
            End::Real(sender) => {
                refuse_real();
                sender.send_timeout(message, timeout)
            }
        }
    }

    /// Closes the channel: what was sent can still be received, nothing more
    /// can be sent.
    ///
    /// # Errors
    /// If it was closed before.
    #[track_caller]
    pub fn close(&self) -> Result<(), CloseError> {
        match &self.0 {
            End::Model(shared) => shared.close(Location::caller()),
            End::Real(sender) => sender.close(),
        }
    }
}

fn rendezvous<T>(
    shared: &Shared<T>,
    message: T,
    at: &'static Location<'static>,
) -> Result<(), SendError<T>> {
    let offered = shared.perform(ChannelOp::Offer, at);
    let Some(ticket) = offered.checked_sub(model::TICKET) else {
        return Err(SendError(message));
    };
    shared.queue().push_back((ticket, message));
    if shared.perform(ChannelOp::Taken { ticket }, at) == model::OK {
        return Ok(());
    }
    // Nobody took it, and nobody will: the sender takes it back.
    let mut queue = shared.queue();
    let mine = queue.iter().position(|(t, _)| *t == ticket).and_then(|at| queue.remove(at));
    Err(SendError(mine.expect("an offer that was not taken is still there").1))
}

impl<T> Receiver<T> {
    /// Receives a message, waiting until there is one.
    ///
    /// # Errors
    /// If there is none, and the channel is closed or all senders are gone.
    #[track_caller]
    pub fn recv(&self) -> Result<T, RecvError> {
        match &self.0 {
            End::Model(shared) => match shared.perform(ChannelOp::Recv, Location::caller()) {
                model::OK => Ok(shared.pop()),
                _ => Err(RecvError),
            },
            End::Real(receiver) => {
                refuse_real();
                receiver.recv()
            }
        }
    }

    /// Receives a message, waiting for that time at most until there is one.
    ///
    /// # Errors
    /// `Timeout` if there was none in that time, `Disconnected` if there will
    /// be none.
    #[track_caller]
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        match &self.0 {
            End::Model(shared) => {
                let recv = |expired| ChannelOp::RecvBy { expired };
                match shared.perform_within(timeout, recv, model::EMPTY, Location::caller()) {
                    model::OK => Ok(shared.pop()),
                    model::EMPTY => Err(RecvTimeoutError::Timeout),
                    _ => Err(RecvTimeoutError::Disconnected),
                }
            }
            End::Real(receiver) => {
                refuse_real();
                receiver.recv_timeout(timeout)
            }
        }
    }

    /// Receives a message if there is one.
    ///
    /// # Errors
    /// `Empty` if there is none yet, `Disconnected` if there will be none.
    #[track_caller]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        match &self.0 {
            End::Model(shared) => match shared.perform(ChannelOp::TryRecv, Location::caller()) {
                model::OK => Ok(shared.pop()),
                model::EMPTY => Err(TryRecvError::Empty),
                _ => Err(TryRecvError::Disconnected),
            },
            End::Real(receiver) => receiver.try_recv(),
        }
    }

    /// Closes the channel: what was sent can still be received, nothing more
    /// can be sent.
    ///
    /// # Errors
    /// If it was closed before.
    #[track_caller]
    pub fn close(&self) -> Result<(), CloseError> {
        match &self.0 {
            End::Model(shared) => shared.close(Location::caller()),
            End::Real(receiver) => receiver.close(),
        }
    }

    /// The messages, until the channel is disconnected.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { receiver: self }
    }

    /// A selection among receivers such as this one.
    #[doc(hidden)]
    #[track_caller]
    pub fn selection<'a>(&self) -> Selection<'a> {
        Selection(match &self.0 {
            End::Model(_) => {
                Kind::Model { channels: Vec::new(), take: Vec::new(), at: Location::caller() }
            }
            End::Real(receiver) => {
                refuse_real();
                Kind::Real(receiver.selection())
            }
        })
    }
}

/// Waits for one of several receivers; used by `select!`.
#[doc(hidden)]
pub struct Selection<'a>(Kind<'a>);

/// Completes the receive of a case: with a message, or without.
type Take<'a> = Box<dyn FnOnce(bool) + 'a>;

enum Kind<'a> {
    Model { channels: Vec<ObjectId>, take: Vec<Take<'a>>, at: &'static Location<'static> },
    Real(real::Selection<'a>),
}

impl<'a> Selection<'a> {
    /// One more case.
    pub fn recv<T>(
        &mut self,
        receiver: &'a Receiver<T>,
        slot: &'a mut Option<Result<T, RecvError>>,
    ) {
        match (&mut self.0, &receiver.0) {
            (Kind::Model { channels, take, .. }, End::Model(shared)) => {
                shared.context().expect("a channel of this execution");
                channels.push(shared.object);
                take.push(Box::new(move |received| {
                    *slot = Some(if received { Ok(shared.pop()) } else { Err(RecvError) });
                }));
            }
            (Kind::Real(selection), End::Real(receiver)) => selection.recv(receiver, slot),
            _ => panic!("a select! on channels made inside and outside an exploration"),
        }
    }

    /// Completes one case that is ready; false if the default is to be taken.
    pub fn run(self, has_default: bool) -> bool {
        match self.0 {
            Kind::Model { channels, mut take, at } => {
                let context = current().expect("a modelled channel has a context");
                let ready = if has_default {
                    poll(context, &channels, at)
                } else {
                    let op = context.world(|w| w.select(&channels));
                    let answer = context.perform_at(op, None, at);
                    Some((SelectOp::case(answer), SelectOp::received(answer)))
                };
                if let Some((case, answer)) = ready {
                    take.swap_remove(case)(answer == model::OK);
                }
                ready.is_some()
            }
            Kind::Real(mut selection) => selection.run(has_default),
        }
    }
}

/// The first case that is found ready, with the answer of receiving from it.
/// The channels are looked at one after the other, from any one on, as
/// crossbeam does: a message that is sent meanwhile may be missed.
fn poll(
    context: &Context,
    channels: &[ObjectId],
    at: &'static Location<'static>,
) -> Option<(usize, u64)> {
    let n = channels.len();
    let first = match n {
        0 | 1 => 0,
        _ => context.perform_at(OpKind::Thread(ThreadOp::Any(n as u32)), None, at) as usize,
    };
    (first..first + n).find_map(|case| {
        let case = case % n;
        let op = OpKind::Channel(ChannelOp::TryRecv);
        let answer = context.perform_at(op, Some(channels[case]), at);
        (answer != model::EMPTY).then_some((case, answer))
    })
}

/// The messages of a channel, until it is disconnected.
#[derive(Debug)]
pub struct Iter<'a, T> {
    receiver: &'a Receiver<T>,
}

impl<T> Iterator for Iter<'_, T> {
    type Item = T;

    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.receiver.recv().ok()
    }
}

/// The messages of a channel, until it is disconnected.
#[derive(Debug)]
pub struct IntoIter<T> {
    receiver: Receiver<T>,
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.receiver.recv().ok()
    }
}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter { receiver: self }
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Sender(match &self.0 {
            End::Model(shared) => {
                shared.retain(&shared.senders);
                End::Model(Arc::clone(shared))
            }
            End::Real(sender) => End::Real(sender.clone()),
        })
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Receiver(match &self.0 {
            End::Model(shared) => {
                shared.retain(&shared.receivers);
                End::Model(Arc::clone(shared))
            }
            End::Real(receiver) => End::Real(receiver.clone()),
        })
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if let End::Model(shared) = &self.0 {
            shared.release(&shared.senders, ChannelOp::SendersGone);
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        if let End::Model(shared) = &self.0 {
            shared.release(&shared.receivers, ChannelOp::ReceiversGone);
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}

impl fmt::Debug for Selection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Selection").finish_non_exhaustive()
    }
}

/// Names the channel: both its ends.
impl<T> crate::Named for Sender<T> {
    fn named(self, name: &'static str) -> Self {
        if let End::Model(shared) = &self.0 {
            shared.set_name(name);
        }
        self
    }
}

/// Names the channel: both its ends.
impl<T> crate::Named for Receiver<T> {
    fn named(self, name: &'static str) -> Self {
        if let End::Model(shared) = &self.0 {
            shared.set_name(name);
        }
        self
    }
}
