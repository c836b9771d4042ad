//! What a memory model has to say to the search: four questions.
//!
//! A memory model decides which locations are *weak* (the search chooses the
//! store that a load reads and the place of a store in the modification
//! order) and which of these choices are consistent. Locations that are not
//! weak are sequential objects, as locks and channels always are.

use crate::id::ThreadId;

use super::graph::Graph;

/// The consistency of a memory model, asked while a graph grows by one event.
///
/// An event that comes last at its location must always be consistent: that
/// is what makes executions without waste possible.
///
/// The search asks all four. Release consistency (RC11: Lahav, Vafeiadis,
/// Kang, Hur, Dreyer, PLDI 2017) will be another implementation, with
/// happens-before clocks of stores beside those of the graph.
pub(super) trait Consistency {
    /// Whether the search chooses what is read and where stores are placed.
    fn is_weak(&self, graph: &Graph, location: usize) -> bool;

    /// Whether the next event of `thread` may read that store.
    fn can_read(&self, graph: &Graph, thread: ThreadId, location: usize, store: usize) -> bool;

    /// Whether the next event of `thread` may put a store right after that one.
    fn can_place(&self, graph: &Graph, thread: ThreadId, location: usize, store: usize) -> bool;

    /// Whether the graph as a whole stays consistent if the next event of
    /// `thread` reads that store, which is not the last of its location: what
    /// the questions above cannot see, because it is about several locations.
    fn is_consistent(&self, graph: &Graph, thread: ThreadId, location: usize, store: usize)
    -> bool;
}

/// Sequential consistency: every location is a sequential object (Lamport,
/// *How to Make a Multiprocessor Computer That Correctly Executes
/// Multiprocess Programs*, IEEE Transactions on Computers, 1979).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SequentialConsistency;

impl SequentialConsistency {
    /// An event between two stores comes before the second: that must not
    /// come before the event already.
    fn fits(graph: &Graph, thread: ThreadId, location: usize, store: usize) -> bool {
        graph.writer(location, store + 1).is_none_or(|next| !graph.is_before(next, thread))
    }
}

impl Consistency for SequentialConsistency {
    fn is_weak(&self, _graph: &Graph, _location: usize) -> bool {
        false
    }

    fn can_read(&self, graph: &Graph, thread: ThreadId, location: usize, store: usize) -> bool {
        Self::fits(graph, thread, location, store)
    }

    fn can_place(&self, graph: &Graph, thread: ThreadId, location: usize, store: usize) -> bool {
        Self::fits(graph, thread, location, store)
    }

    /// The order in which events take effect was asked for above: it is the
    /// one order of all locations.
    fn is_consistent(&self, _: &Graph, _: ThreadId, _: usize, _: usize) -> bool {
        true
    }
}
