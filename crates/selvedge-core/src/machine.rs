//! The contract between the search and whatever runs the program.

use crate::id::ThreadId;
use crate::world::World;

/// Runs the program under test, one thread at a time.
///
/// A thread runs until it *announces* its next operation
/// ([`World::announce`]) and parks there; the operation has had no effect
/// yet. The driver picks a thread, computes the operation's answer and
/// delivers it with [`resume`](Machine::resume); the thread goes on with it to
/// its next announcement or its end ([`World::finish`]). The machine knows
/// nothing of strategies and the driver nothing of how threads are run.
///
/// Between announcements a thread may register objects, access plain memory,
/// leave remarks and report failures, all through the [`World`].
pub trait Machine {
    /// Starts an execution: brings the main thread ([`ThreadId::MAIN`], known
    /// to the world already) to its first announcement or its end.
    fn start(&mut self, world: &mut World);

    /// Delivers an answer to a parked thread and runs it, and then each thread
    /// that it spawned meanwhile, to the next announcement or end.
    fn resume(&mut self, thread: ThreadId, answer: u64, world: &mut World);

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
}
