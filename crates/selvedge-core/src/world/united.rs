//! Channels that are one location because they are received from in one
//! select, by names that mean the same in every world and process.

use super::World;
use crate::id::{ObjectId, ThreadId, ThreadPath};

/// Channels that are one location: who made each, and as how manieth.
pub type Group = Vec<(ThreadPath, u32)>;

/// A group that is known before its channels are made.
#[derive(Debug)]
pub(super) struct Presumed {
    channels: Group,
    /// The first of them that was made.
    location: Option<ObjectId>,
}

impl World {
    /// Two channels that are received from in one select are one location:
    /// whether one of them is ready matters to who uses the other.
    pub(super) fn unite(&mut self, a: ObjectId, b: ObjectId) {
        let (a, b) = (self.location(a), self.location(b));
        if a != b {
            for object in self.objects.iter_mut().filter(|o| o.location == a || o.location == b) {
                object.location = a.min(b);
            }
            self.united = true;
        }
    }

    /// The location that an object is part of: operations of different
    /// locations are independent of each other. All objects are locations of
    /// their own, but channels that are received from in one select.
    pub fn location(&self, object: ObjectId) -> ObjectId {
        self.objects[object.index()].location
    }

    /// True if objects became one location since that was last taken: what was
    /// told of independent operations before was too much.
    pub(crate) fn has_united(&self) -> bool {
        self.united
    }

    /// The same, once.
    pub(crate) fn take_united(&mut self) -> bool {
        std::mem::take(&mut self.united)
    }

    /// Takes these channels for one location each, before they are made.
    pub fn presume_united(&mut self, groups: &[Group]) {
        let presumed = |channels: &Group| Presumed { channels: channels.clone(), location: None };
        self.presumed = groups.iter().map(presumed).collect();
    }

    /// The channels that became one location in the executions so far.
    pub fn united(&self) -> Vec<Group> {
        let mut groups: Vec<(ObjectId, Group)> = Vec::new();
        for (index, object) in self.objects.iter().enumerate() {
            let name = (self.path(object.creator), object.nth);
            match groups.iter_mut().find(|(location, _)| *location == object.location) {
                Some((_, group)) => group.push(name),
                None if object.location.index() == index && self.is_shared(index) => {
                    groups.push((object.location, vec![name]));
                }
                None => {}
            }
        }
        groups.into_iter().map(|(_, group)| group).collect()
    }

    /// True if an object is the location of others, too.
    fn is_shared(&self, index: usize) -> bool {
        self.objects[index + 1..].iter().any(|o| o.location.index() == index)
    }

    /// A channel is made for the first time: is it known to be one location
    /// with others?
    pub(super) fn presume_location(&mut self, channel: ObjectId, thread: ThreadId, nth: u32) {
        if self.presumed.is_empty() {
            return;
        }
        let name = (self.path(thread), nth);
        if let Some(group) = self.presumed.iter_mut().find(|g| g.channels.contains(&name)) {
            let location = *group.location.get_or_insert(channel);
            self.objects[channel.index()].location = location;
        }
    }
}
