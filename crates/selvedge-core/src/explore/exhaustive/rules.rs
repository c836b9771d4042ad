//! The rules without which the search would miss behaviours or repeat them,
//! as switches: tests turn them off one at a time, and see that it does.

/// Which rules are kept. All of them, outside of tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]

pub struct Rules {
    /// An event that was fixed is never deleted by a revisit.
    pub fixed_stay: bool,
    /// A revisited event is deleted only by a revisit that keeps its source.
    pub revisited_stay: bool,
    /// A revisited event may be deleted if its source is kept.
    pub revisited_may_go: bool,
    /// What is deleted must be what the default rule would add again, judged
    /// by what was there before it and by what is kept.
    pub relative_maximality: bool,
    /// A lock that is overtaken waits for its turn.
    pub displacement: bool,
    /// A store may be put before another one if that is deleted.
    pub virtual_options: bool,
    /// Operations that are still blocked at the end revisit others, too.
    pub pending_revisit: bool,
    /// A wait that was overtaken does not read what it could have read before.
    pub floors: bool,
    /// What comes before the virtual clock moves comes before what follows.
    pub ticks_order: bool,
    /// Operations that are blocked when it moves revisit others, too.
    pub pending_at_ticks: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            fixed_stay: true,
            revisited_stay: true,
            revisited_may_go: true,
            relative_maximality: true,
            displacement: true,
            virtual_options: true,
            pending_revisit: true,
            floors: true,
            ticks_order: true,
            pending_at_ticks: true,
        }
    }
}
