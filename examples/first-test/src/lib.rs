//! A queue with limited room.

use std::collections::VecDeque;

use selvedge::Named;
use selvedge::sync::{Condvar, Mutex};

/// A queue with room for so many items, and no more.
pub struct Queue<T> {
    items: Mutex<VecDeque<T>>,
    room: usize,
    changed: Condvar,
}

impl<T> Queue<T> {
    /// An empty queue.
    pub fn new(room: usize) -> Self {
        Queue {
            items: Mutex::new(VecDeque::new()).named("items"),
            room,
            changed: Condvar::new().named("changed"),
        }
    }

    /// Adds an item, as soon as there is room.
    pub fn push(&self, item: T) {
        let mut items = self.items.lock().unwrap();
        while items.len() == self.room {
            items = self.changed.wait(items).unwrap();
        }
        items.push_back(item);
        self.changed.notify_all();
    }

    /// Takes the oldest item, as soon as there is one.
    pub fn pop(&self) -> T {
        let mut items = self.items.lock().unwrap();
        while items.is_empty() {
            items = self.changed.wait(items).unwrap();
        }
        self.changed.notify_all();
        items.pop_front().unwrap()
    }
}
