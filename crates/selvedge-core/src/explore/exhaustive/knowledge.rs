//! What a search learns of a program on the way, by names that mean the same
//! for each worker and in each process.
//!
//! What was explored without knowing it is not all: the search starts again.

use serde::{Deserialize, Serialize};

use crate::machine::Machine;
use crate::world::{Group, World};

/// What was learnt of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Knowledge {
    /// What has to be visible ([`Machine::knows`]).
    visible: Vec<u32>,
    /// Channels that are one location ([`World::united`]).
    united: Vec<Group>,
}

impl Knowledge {
    /// What is known after an execution.
    pub(super) fn of(machine: &dyn Machine, world: &World) -> Self {
        let mut knowledge = Knowledge { visible: machine.knows(), united: world.united() };
        knowledge.visible.sort_unstable();
        knowledge.united.iter_mut().for_each(|group| group.sort_unstable());
        knowledge
    }

    /// Adds what others have learnt.
    pub fn add(&mut self, other: &Knowledge) {
        self.visible.extend_from_slice(&other.visible);
        self.visible.sort_unstable();
        self.visible.dedup();
        for group in &other.united {
            let mut group = group.clone();
            // All groups that share a channel with it are one.
            self.united.retain(|known| {
                let apart = !known.iter().any(|channel| group.contains(channel));
                if !apart {
                    group.extend_from_slice(known);
                }
                apart
            });
            group.sort_unstable();
            group.dedup();
            self.united.push(group);
        }
        self.united.sort_unstable();
    }

    /// Tells a machine and a world that has run no execution yet.
    pub(super) fn tell(&self, machine: &mut dyn Machine, world: &mut World) {
        machine.presume(&self.visible);
        world.presume_united(&self.united);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ThreadPath;

    #[test]
    fn groups_that_share_a_channel_become_one() {
        let main = ThreadPath::default();
        let group =
            |numbers: &[u32]| -> Group { numbers.iter().map(|n| (main.clone(), *n)).collect() };
        let of = |groups: &[&[u32]], visible: &[u32]| Knowledge {
            visible: visible.to_vec(),
            united: groups.iter().map(|g| group(g)).collect(),
        };
        let mut known = of(&[&[0, 1], &[2, 3], &[6, 7]], &[5, 9]);
        known.add(&of(&[&[1, 2], &[4, 5]], &[9, 7]));
        assert_eq!(known, of(&[&[0, 1, 2, 3], &[4, 5], &[6, 7]], &[5, 7, 9]));
    }
}
