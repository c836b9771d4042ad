//! Two readers, and room for one item.

use first_test::Queue;
use selvedge::{invariant, thread};

#[selvedge::test]
fn every_item_arrives() {
    let queue = Queue::new(1);
    let sum: u32 = thread::scope(|s| {
        let readers = [(); 2].map(|()| s.spawn(|| queue.pop()));
        queue.push(1);
        queue.push(2);
        readers.into_iter().map(|reader| reader.join().unwrap()).sum()
    });
    invariant!("every item arrives", sum == 3, "the readers have {sum}");
}
