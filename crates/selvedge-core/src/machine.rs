//! The contract between the search and whatever runs the program.

use crate::id::ThreadId;
use crate::world::World;

/// Runs the program under test, one thread at a time.
///
/// A thread runs until it *announces* its next operation
/// ([`World::announce`]) and parks there; the operation has had no effect
/// yet. The driver picks a thread and computes the operation's answer; the
/// machine delivers it, and the thread goes on with it to its next
/// announcement or its end ([`World::finish`]). The machine knows nothing of
/// strategies and the driver nothing of how threads are run.
///
/// There are two ways to be quicker: a machine may have its threads take
/// their common steps themselves ([`World::let_threads_step`]), and a thread
/// need not announce what was decided before ([`World::step_at_once`]).
///
/// Between announcements a thread may register objects, access plain memory,
/// leave remarks and report failures, all through the [`World`].
pub trait Machine {
    /// Runs an execution: brings the main thread ([`ThreadId::MAIN`], known to
    /// the world already) to its first announcement or its end, and then each
    /// thread that the driver picks, and those that it spawned meanwhile, to
    /// theirs, until the driver stops.
    ///
    /// The driver may be asked on the stack of the thread that has just parked:
    /// if it picks that thread, nothing need be switched.
    fn run(&mut self, world: &mut World, driver: &mut dyn Driver);

    /// Ends the execution: unwinds whatever is unfinished and leaves nothing behind.
    fn finish(&mut self, world: &mut World);

    /// What the machine has learnt to make visible, as numbers that mean the
    /// same in every process; part of the schedule of an execution.
    fn visible(&self) -> Vec<u32> {
        Vec::new()
    }

    /// Makes exactly this visible in the executions to come.
    fn presume(&mut self, _visible: &[u32]) {}

    /// True if the last execution has shown that more must be visible
    /// than was announced in it: what was seen of the program so far is not
    /// all, and an exhaustive search has to start again.
    fn learnt(&mut self) -> bool {
        false
    }

    /// What will be visible in the next execution: what is now, and what the
    /// last execution has shown.
    fn knows(&self) -> Vec<u32> {
        self.visible()
    }

    /// True if the last execution met an object that belongs to another
    /// machine of the same search: a static. The execution ended there,
    /// before it touched the object's memory, and counts for nothing.
    fn met_sibling(&self) -> bool {
        false
    }

    /// The other machines of the search are gone: their objects are this one's.
    fn inherit(&mut self) {}
}

/// What a machine does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Delivers [`World::answer`] to the thread.
    Go(ThreadId),
    /// Stops: the execution is over.
    Stop,
}

/// Decides how an execution goes on.
pub trait Driver {
    /// All threads are parked or have ended: what next?
    fn turn(&mut self, world: &mut World) -> Turn;
}
