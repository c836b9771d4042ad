//! Objects get their numbers.

use super::happens_before::ObjectClocks;
use super::race::CellHistory;
use super::{Object, World};
use crate::id::{ObjectId, ThreadId};
use crate::model::{ChannelState, ObjectState};

impl World {
    /// A new object, made or first used by `thread`, with its initial state.
    pub fn register(
        &mut self,
        thread: ThreadId,
        state: ObjectState,
        name: Option<&'static str>,
    ) -> ObjectId {
        let t = &mut self.threads[thread.index()];
        let nth = t.created as usize;
        t.created += 1;
        let known = t.objects.get(nth).copied();
        let id = self.fresh(known, thread, nth, state, name);
        if known.is_none() {
            self.threads[thread.index()].objects.push(id);
        }
        id
    }

    /// A new channel, made by `thread`. Unlike other objects a channel has its
    /// number from who makes it: the same in all executions in which it is made.
    pub fn register_channel(&mut self, thread: ThreadId, capacity: Option<u64>) -> ObjectId {
        let t = &mut self.threads[thread.index()];
        let nth = t.channels as usize;
        t.channels += 1;
        let known = t.made.get(nth).copied();
        let state = ObjectState::Channel(ChannelState::new(capacity));
        let id = self.fresh(known, thread, nth, state, None);
        if known.is_none() {
            self.threads[thread.index()].made.push(id);
            self.presume_location(id, thread, nth as u32);
        }
        id
    }

    /// Names an object for reports.
    pub fn name_object(&mut self, object: ObjectId, name: &'static str) {
        self.objects[object.index()].name = Some(name);
    }

    fn fresh(
        &mut self,
        known: Option<ObjectId>,
        creator: ThreadId,
        nth: usize,
        state: ObjectState,
        name: Option<&'static str>,
    ) -> ObjectId {
        let id = match known {
            Some(id) => {
                let object = &mut self.objects[id.index()];
                object.state = state;
                object.name = name;
                object.version = 0;
                object.waiters = 0;
                if self.keeps_clocks {
                    object.clocks.clear();
                    object.history.clear();
                }
                id
            }
            None => {
                let id = ObjectId::from_index(self.objects.len());
                self.objects.push(Object {
                    creator,
                    nth: nth as u32,
                    location: id,
                    state,
                    name,
                    version: 0,
                    waiters: 0,
                    clocks: ObjectClocks::default(),
                    history: CellHistory::default(),
                });
                id
            }
        };
        // What its creator did before is known to whoever uses the object
        // only if they synchronise; the object itself orders nothing yet.
        self.registered.push(id);
        id
    }

    /// The park token of `thread`, made at its first use.
    pub fn park_token(&mut self, thread: ThreadId) -> ObjectId {
        if let Some(token) = self.threads[thread.index()].park {
            return token;
        }
        let token = self.register(thread, ObjectState::Park(Default::default()), None);
        self.threads[thread.index()].park = Some(token);
        token
    }
}
