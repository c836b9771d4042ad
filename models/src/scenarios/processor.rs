//! Nothing is shared: one thread owns the accounts.
//!
//! A processor is the only thread that sees the accounts. Buyers send it
//! requests and get replies, by channel; the processor serves one request
//! after another, so a purchase needs no lock. What is left to get wrong is
//! around it: whose reply it is, who stops the processor, and how many
//! processors there are.

use std::collections::BTreeMap;

use selvedge::{invariant, invariants, note};

use super::common::{join, join_scoped, spawn, spawn_scoped};
use super::rt::Named;
use super::rt::channel::{Receiver, Sender, bounded, unbounded};
use super::rt::sync::Arc;
use super::rt::thread::{self, Scope, ScopedJoinHandle};

const ALICE: &str = "alice";

/// Something that Alice wants; also the name of the thread that buys it.
#[derive(Clone, Copy)]
struct Item {
    name: &'static str,
    price: i64,
}

/// What a buyer asks of the processor.
struct Request {
    item: Item,
    reply: Sender<Reply>,
}

/// What the processor answers.
#[derive(Clone, Copy)]
struct Reply {
    item: Item,
    bought: bool,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Outcome {
    /// What Alice has at the end.
    pub balance: i64,
    /// What was spent, as the buyers were told.
    pub spent: i64,
}

/// Serves requests, with its own copy of the accounts, until their channel is
/// closed. Returns what Alice has left.
fn serve(requests: &Receiver<Request>, balance: i64) -> i64 {
    let mut accounts = BTreeMap::from([(ALICE, balance)]);
    for Request { item, reply } in requests {
        let balance = accounts.entry(ALICE).or_insert(0);
        let bought = item.price <= *balance;
        if bought {
            *balance -= item.price;
            note!("sell {}, {ALICE} = {balance}", item.name);
        } else {
            note!("refuse {}, {ALICE} = {balance}", item.name);
        }
        // The buyer may have gone; that is its own affair.
        let _ = reply.send(Reply { item, bought });
    }
    accounts.get(ALICE).copied().unwrap_or(0)
}

/// Sends a request and waits for a reply, be it the right one or not.
fn buy(
    item: Item,
    requests: &Sender<Request>,
    reply: Sender<Reply>,
    replies: &Receiver<Reply>,
) -> Option<Reply> {
    requests.send(Request { item, reply }).ok()?;
    let reply = replies.recv().ok()?;
    note!(
        "told: {} {}",
        reply.item.name,
        if reply.bought { "is bought" } else { "costs too much" }
    );
    Some(reply)
}

/// As [`buy`], with a reply channel that nobody else knows.
fn buy_with_own_reply(item: Item, requests: &Sender<Request>) -> Option<Reply> {
    let (reply, replies) = bounded(1);
    buy(item, requests, reply.named("reply"), &replies)
}

fn spent(replies: &[Option<Reply>]) -> i64 {
    replies.iter().flatten().filter(|reply| reply.bought).map(|reply| reply.item.price).sum()
}

/// Demands that no money comes from nowhere, and that each reply went to the
/// buyer who had asked.
fn check(start: i64, items: &[Item], replies: &[Option<Reply>], balance: i64) -> Outcome {
    let spent = spent(replies);
    let own = |(item, reply): (&Item, &Option<Reply>)| {
        reply.is_some_and(|reply| reply.item.name == item.name)
    };
    invariants! {
        "no more is spent than was there": spent <= start,
            "Alice had {start} and spent {spent}";
        "money is conserved": balance + spent == start,
            "Alice had {start}, spent {spent} and has {balance} left";
        "each buyer gets its own result": items.iter().zip(replies).all(own),
            "a buyer was told the result of another one";
    }
    Outcome { balance, spent }
}

/// What Alice wants, at these prices: the castle, the plants, the boat.
fn items(prices: &[i64]) -> Vec<Item> {
    const WANTED: [&str; 3] = ["castle", "plants", "boat"];
    assert!(prices.len() <= WANTED.len(), "there is nothing else that she wants");
    WANTED.iter().zip(prices).map(|(&name, &price)| Item { name, price }).collect()
}

fn spawn_processor<'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: &'static str,
    requests: Receiver<Request>,
    balance: i64,
) -> ScopedJoinHandle<'scope, i64> {
    spawn_scoped(scope, name, move || serve(&requests, balance))
}

/// Stops a processor and waits for it.
fn stop(requests: &Sender<Request>, processor: ScopedJoinHandle<'_, i64>) -> i64 {
    invariant!("the processor is stopped once", requests.close().is_ok());
    join_scoped(processor)
}

/// Each buyer brings its own reply channel, and the processor is stopped when
/// all have been served.
pub fn reply_channel(balance: i64, prices: &[i64]) -> Outcome {
    let items = items(prices);
    let (requests, inbox) = unbounded();
    let requests = requests.named("requests");
    thread::scope(|scope| {
        let processor = spawn_processor(scope, "processor", inbox, balance);
        let start = |&item: &Item| {
            let requests = &requests;
            spawn_scoped(scope, item.name, move || buy_with_own_reply(item, requests))
        };
        let buyers: Vec<_> = items.iter().map(start).collect();
        let replies: Vec<_> = buyers.into_iter().map(|thread| join_scoped(thread)).collect();
        let left = stop(&requests, processor);
        check(balance, &items, &replies, left)
    })
}

/// All replies go through one channel, and a buyer takes the next that comes.
pub fn shared_replies(balance: i64, prices: &[i64]) -> Outcome {
    let items = items(prices);
    let (requests, inbox) = unbounded();
    let (reply, replies) = unbounded();
    let (requests, reply) = (requests.named("requests"), reply.named("replies"));
    thread::scope(|scope| {
        let processor = spawn_processor(scope, "processor", inbox, balance);
        let start = |&item: &Item| {
            let (requests, reply, replies) = (&requests, reply.clone(), &replies);
            spawn_scoped(scope, item.name, move || buy(item, requests, reply, replies))
        };
        let buyers: Vec<_> = items.iter().map(start).collect();
        let told: Vec<_> = buyers.into_iter().map(|thread| join_scoped(thread)).collect();
        let left = stop(&requests, processor);
        check(balance, &items, &told, left)
    })
}

/// A processor that has both ends of its request channel: as long as it
/// waits, there is somebody who could still send.
struct Processor {
    requests: Sender<Request>,
    inbox: Receiver<Request>,
}

/// As [`reply_channel`], but nobody closes the request channel.
pub fn never_stopped(balance: i64, prices: &[i64]) -> i64 {
    let (requests, inbox) = unbounded();
    let processor = Arc::new(Processor { requests: requests.named("requests"), inbox });
    {
        let processor = Arc::clone(&processor);
        spawn("processor", move || serve(&processor.inbox, balance));
    }
    let start = |item: Item| {
        let processor = Arc::clone(&processor);
        spawn(item.name, move || buy_with_own_reply(item, &processor.requests))
    };
    let buyers: Vec<_> = items(prices).into_iter().map(start).collect();
    let replies: Vec<_> = buyers.into_iter().map(|thread| join(thread)).collect();
    let spent = spent(&replies);
    invariant!("no more is spent than was there", spent <= balance);
    spent
}

/// Two processors have a copy of the accounts each, and one buyer after the
/// other asks the next one.
pub fn two(balance: i64, prices: &[i64]) -> i64 {
    let (first, first_inbox) = unbounded();
    let (second, second_inbox) = unbounded();
    let requests = [first.named("requests 1"), second.named("requests 2")];
    thread::scope(|scope| {
        let processors = [
            spawn_processor(scope, "processor 1", first_inbox, balance),
            spawn_processor(scope, "processor 2", second_inbox, balance),
        ];
        let start = |(item, requests): (Item, _)| {
            spawn_scoped(scope, item.name, move || buy_with_own_reply(item, requests))
        };
        let in_turn = requests.iter().cycle();
        let buyers: Vec<_> = items(prices).into_iter().zip(in_turn).map(start).collect();
        let replies: Vec<_> = buyers.into_iter().map(|thread| join_scoped(thread)).collect();
        for (requests, processor) in requests.iter().zip(processors) {
            stop(requests, processor);
        }
        let spent = spent(&replies);
        invariant!(
            "no more is spent than was there",
            spent <= balance,
            "Alice had {balance} and spent {spent}"
        );
        spent
    })
}

scenarios! {
    /// The processor alone has the accounts; buyers ask, and are told on a channel of their own.
    /// A request is served from start to end before the next, so what was checked stays true.
    /// When all are served, closing the request channel ends the processor.
    "processor/reply-channel" holds
        => || { reply_channel(50, &[40, 20]); };

    /// As processor/reply-channel, with three buyers: the third one buys a boat for 10.
    /// Requests wait in the channel in any of six orders,
    /// and each is served as if it were alone.
    "processor/reply-channel-3" holds
        => || { reply_channel(50, &[40, 20, 10]); };

    /// As in the chapter, all replies go through one channel.
    /// Whoever takes from it first gets the first reply, be it for the other buyer:
    /// the money is right, and Alice may believe that she has the castle.
    "processor/shared-replies"
        breaks [invariant "each buyer gets its own result"]
        fixed_by ["processor/reply-channel"]
        => || { shared_replies(50, &[40, 20]); };

    /// As in the chapter, nobody stops the processor.
    /// The buyers are served and the program ends,
    /// but the processor waits for a request that cannot come: a leak.
    "processor/never-stopped"
        breaks [leak]
        fixed_by ["processor/reply-channel"]
        => || { never_stopped(50, &[40, 20]); };

    /// Two processors, to serve more requests, have a copy of the accounts each.
    /// Each is right about its own copy,
    /// and together they sell Alice both for 60.
    "processor/two"
        breaks [invariant "no more is spent than was there"]
        fixed_by ["processor/reply-channel"]
        => || { two(50, &[40, 20]); };
}
