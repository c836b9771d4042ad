//! Alice buys more than she can pay.
//!
//! Alice has 50. One thread buys her a castle for 40, another one plants for
//! 20. A purchase has three steps: get the balance, check it, set what is
//! left. Each access to the accounts is protected by a mutex, so there is no
//! data race anywhere in this file; but a purchase as a whole is not one step,
//! and what a buyer has checked may be out of date when the buyer acts on it.
//! This is a race condition, and it is mended by making the check and the act
//! one step: under a second mutex, or with compare-and-set.
//!
//! A program takes what Alice has and a price for each buyer, and returns its
//! [`Outcome`]; the scenarios at the end of the file say what is demanded of it.

use std::collections::BTreeMap;

use selvedge::{invariant, invariants, note};

use super::common::{join, lock, spawn};
use super::rt::Named;
use super::rt::sync::{Arc, Mutex};

const ALICE: &str = "alice";

/// Something that Alice wants.
#[derive(Clone, Copy)]
struct Item {
    name: &'static str,
    price: i64,
}

/// What became of one purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Purchase {
    /// What was to be bought; also the name of the thread.
    pub item: &'static str,
    /// Its price.
    pub price: i64,
    /// True if the buyer says that it was bought.
    pub made: bool,
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Outcome {
    /// What Alice had at the start.
    pub start: i64,
    /// What she has at the end.
    pub balance: i64,
    /// All purchases, in the order in which the buyers were started.
    pub purchases: Vec<Purchase>,
}

impl Outcome {
    /// The sum of the prices of everything that was bought.
    pub fn spent(&self) -> i64 {
        self.purchases.iter().filter(|p| p.made).map(|p| p.price).sum()
    }

    /// True if `item` was bought.
    pub fn bought(&self, item: &str) -> bool {
        self.purchases.iter().any(|p| p.made && p.item == item)
    }

    /// A purchase that was not made, though what is left would pay for it.
    pub fn missed(&self) -> Option<&Purchase> {
        self.purchases.iter().find(|p| !p.made && p.price <= self.balance)
    }

    /// Demands that no money comes from nowhere.
    pub fn check_money(&self) {
        let (start, balance, spent) = (self.start, self.balance, self.spent());
        invariants! {
            "no more is spent than was there": spent <= start,
                "Alice had {start} and spent {spent}";
            "money is conserved": balance + spent == start,
                "Alice had {start}, spent {spent} and has {balance} left";
        }
    }

    /// Demands that Alice has no debts, and that no money comes from nowhere.
    pub fn check_balance(&self) {
        let (start, balance, spent) = (self.start, self.balance, self.spent());
        invariants! {
            "balance never negative": balance >= 0, "Alice has {balance}";
            "money is conserved": balance + spent == start,
                "Alice had {start}, spent {spent} and has {balance} left";
        }
    }

    /// Demands that nobody was sent away while there was enough money.
    pub fn check_affordable(&self) {
        let balance = self.balance;
        let missed = self.missed().map_or("nothing", |purchase| purchase.item);
        invariant!(
            "every affordable purchase is made",
            self.missed().is_none(),
            "{balance} is left, and not bought: {missed}"
        );
    }

    /// All that can be demanded of a shop.
    pub fn check_all(&self) {
        self.check_money();
        self.check_balance();
        self.check_affordable();
    }
}

/// A map of name to balance. Each method that locks once is one step.
struct Accounts {
    balances: Mutex<BTreeMap<&'static str, i64>>,
    /// Held for a whole purchase by the buyers that know of it.
    purchase: Mutex<()>,
}

impl Accounts {
    fn new(balance: i64) -> Self {
        Accounts {
            balances: Mutex::new(BTreeMap::from([(ALICE, balance)])).named("accounts"),
            purchase: Mutex::new(()).named("purchase"),
        }
    }

    fn get(&self, name: &'static str) -> i64 {
        let balances = lock(&self.balances);
        let balance = balances.get(name).copied().unwrap_or(0);
        note!("get {name} = {balance}");
        balance
    }

    fn set(&self, name: &'static str, balance: i64) {
        let mut balances = lock(&self.balances);
        note!("set {name} = {balance}");
        balances.insert(name, balance);
    }

    /// Takes `amount` from whatever is there.
    fn deduct(&self, name: &'static str, amount: i64) {
        let mut balances = lock(&self.balances);
        let balance = balances.entry(name).or_insert(0);
        *balance -= amount;
        note!("deduct {amount} from {name}, left = {balance}");
    }

    /// Sets the balance if it is still `old`; says whether it was.
    fn compare_and_set(&self, name: &'static str, old: i64, new: i64) -> bool {
        self.compare_and_swap(name, old, new) == old
    }

    /// Sets the balance if it is still `old`; returns what it was.
    fn compare_and_swap(&self, name: &'static str, old: i64, new: i64) -> i64 {
        let mut balances = lock(&self.balances);
        let balance = balances.entry(name).or_insert(0);
        let found = *balance;
        if found == old {
            note!("{name} is still {old}: set {name} = {new}");
            *balance = new;
        } else {
            note!("{name} is no longer {old} but {found}");
        }
        found
    }

    /// As `compare_and_swap`, but the mutex is released between the two steps.
    fn compare_then_swap(&self, name: &'static str, old: i64, new: i64) -> i64 {
        let found = self.get(name);
        if found == old {
            self.set(name, new);
        }
        found
    }
}

/// Starts a buyer for each item and waits for all of them.
fn shop(balance: i64, prices: &[i64], buy: fn(&Accounts, Item) -> bool) -> Outcome {
    let accounts = Arc::new(Accounts::new(balance));
    let mut buyers = Vec::new();
    for item in items(prices) {
        let accounts = Arc::clone(&accounts);
        let buyer = spawn(item.name, move || {
            let made = buy(&accounts, item);
            note!("{} {}", if made { "bought" } else { "did not buy" }, item.name);
            made
        });
        buyers.push((item, buyer));
    }
    let purchases = buyers
        .into_iter()
        .map(|(Item { name, price }, buyer)| Purchase { item: name, price, made: join(buyer) })
        .collect();
    Outcome { start: balance, balance: accounts.get(ALICE), purchases }
}

/// What Alice wants, at these prices: the castle, the plants, the boat.
fn items(prices: &[i64]) -> Vec<Item> {
    const WANTED: [&str; 3] = ["castle", "plants", "boat"];
    assert!(prices.len() <= WANTED.len(), "there is nothing else that she wants");
    WANTED.iter().zip(prices).map(|(&name, &price)| Item { name, price }).collect()
}

/// Get, check and set, with nothing to hold the three together.
pub fn unsynchronized(balance: i64, prices: &[i64]) -> Outcome {
    shop(balance, prices, buy_in_steps)
}

fn buy_in_steps(accounts: &Accounts, item: Item) -> bool {
    let balance = accounts.get(ALICE);
    if balance < item.price {
        return false;
    }
    accounts.set(ALICE, balance - item.price);
    true
}

/// Get and check, then deduct the price from whatever is there.
pub fn deduct(balance: i64, prices: &[i64]) -> Outcome {
    shop(balance, prices, |accounts, item| {
        if accounts.get(ALICE) < item.price {
            return false;
        }
        accounts.deduct(ALICE, item.price);
        true
    })
}

/// The three steps, under a mutex that is held for the whole purchase.
pub fn mutex(balance: i64, prices: &[i64]) -> Outcome {
    shop(balance, prices, |accounts, item| {
        let _purchase = lock(&accounts.purchase);
        buy_in_steps(accounts, item)
    })
}

/// Get and check, then set only if the balance is still what was checked;
/// otherwise give up.
pub fn compare_and_set(balance: i64, prices: &[i64]) -> Outcome {
    shop(balance, prices, |accounts, item| try_to_buy(accounts, item) == Try::Bought)
}

#[derive(PartialEq, Eq)]
enum Try {
    Bought,
    TooDear,
    Overtaken,
}

fn try_to_buy(accounts: &Accounts, item: Item) -> Try {
    let balance = accounts.get(ALICE);
    if balance < item.price {
        Try::TooDear
    } else if accounts.compare_and_set(ALICE, balance, balance - item.price) {
        Try::Bought
    } else {
        Try::Overtaken
    }
}

/// As [`compare_and_set`], but a buyer who was overtaken tries again.
pub fn compare_and_set_retry(balance: i64, prices: &[i64]) -> Outcome {
    shop(balance, prices, |accounts, item| {
        loop {
            match try_to_buy(accounts, item) {
                Try::Bought => return true,
                Try::TooDear => return false,
                Try::Overtaken => {}
            }
        }
    })
}

/// As [`compare_and_set_retry`], but the buyers try twice at most.
pub fn compare_and_set_retry_bounded(balance: i64, prices: &[i64]) -> Outcome {
    shop(balance, prices, |accounts, item| {
        (0..2).map(|_| try_to_buy(accounts, item)).find(|tried| *tried != Try::Overtaken)
            == Some(Try::Bought)
    })
}

/// Compare-and-swap returns what it found: a buyer who was overtaken goes on
/// with that.
pub fn compare_and_swap(balance: i64, prices: &[i64]) -> Outcome {
    shop(balance, prices, |accounts, item| buy_swapping(accounts, item, Accounts::compare_and_swap))
}

/// As [`compare_and_swap`], with a compare-and-swap that isn't one step.
pub fn swap_in_two_steps(balance: i64, prices: &[i64]) -> Outcome {
    shop(balance, prices, |accounts, item| {
        buy_swapping(accounts, item, Accounts::compare_then_swap)
    })
}

fn buy_swapping(
    accounts: &Accounts,
    item: Item,
    swap: fn(&Accounts, &'static str, i64, i64) -> i64,
) -> bool {
    let mut balance = accounts.get(ALICE);
    while balance >= item.price {
        let found = swap(accounts, ALICE, balance, balance - item.price);
        if found == balance {
            return true;
        }
        balance = found;
    }
    false
}

scenarios! {
    /// Two buyers get Alice's 50, check it, and set what is left.
    /// Both may check before either has set: she pays 60 and keeps 10 or 30.
    /// Each access is locked, so no data race detector sees anything wrong.
    "purchase/unsynchronized"
        breaks [invariant "no more is spent than was there", invariant "money is conserved"]
        fixed_by ["purchase/mutex", "purchase/compare-and-set", "purchase/compare-and-set-retry"]
        => || unsynchronized(50, &[40, 20]).check_money();

    /// The price is deducted from whatever is there, so no money is lost.
    /// But it was another balance that was checked:
    /// Alice buys both and owes 10.
    "purchase/deduct"
        breaks [invariant "balance never negative"]
        fixed_by ["purchase/mutex", "purchase/compare-and-set", "purchase/compare-and-set-retry"]
        => || deduct(50, &[40, 20]).check_balance();

    /// A second mutex is held from the check to the set.
    /// Only one buyer at a time is between the two, so what was checked stays true.
    /// Alice ends with 10 or with 30: who comes first is still open.
    "purchase/mutex" holds
        => || mutex(50, &[40, 20]).check_all();

    /// As purchase/mutex, with three buyers: the third one buys a boat for 10.
    /// Alice ends with the castle and the boat, or with the plants and the boat;
    /// in all six orders the boat is paid for.
    "purchase/mutex-3" holds
        => || mutex(50, &[40, 20, 10]).check_all();

    /// The balance is set only if it is still the one that was checked.
    /// The comparison and the set are one step, so nobody can come in between.
    /// A buyer who was overtaken gives up, which is right here: too little is left.
    "purchase/compare-and-set" holds
        => || compare_and_set(50, &[40, 20]).check_all();

    /// As purchase/compare-and-set, with three buyers: the third one buys a boat for 35.
    /// Whichever comes first, what is left pays for neither of the others.
    /// Two may be overtaken at the same time, and both are right to give up.
    "purchase/compare-and-set-3" holds
        => || compare_and_set(50, &[40, 20, 35]).check_all();

    /// The same with 60, which would pay for the castle and the plants.
    /// A buyer who was overtaken gives up all the same.
    /// Nothing is lost or spent twice, but a purchase is missed.
    "purchase/compare-and-set-gives-up"
        breaks [invariant "every affordable purchase is made"]
        fixed_by ["purchase/compare-and-set-retry", "purchase/compare-and-swap"]
        => || compare_and_set(60, &[40, 20]).check_all();

    /// A buyer who was overtaken looks again and tries again.
    /// That ends: each try that fails means that somebody else has bought.
    /// With 60, both purchases are made in every interleaving.
    "purchase/compare-and-set-retry" holds
        => || compare_and_set_retry(60, &[40, 20]).check_all();

    /// As purchase/compare-and-set-retry, with three buyers and 70 to pay for all.
    /// A buyer may be overtaken twice, and buys with the third try.
    /// The number of tries has no bound in the program, and needs none.
    "purchase/compare-and-set-retry-3" holds
        => || compare_and_set_retry(70, &[40, 20, 10]).check_all();

    /// Three buyers, 70 to pay for all three, and two tries for each.
    /// Who is overtaken by both others gives up, though the money is there.
    /// With two buyers the mistake would stay hidden.
    "purchase/compare-and-set-retry-bounded"
        breaks [invariant "every affordable purchase is made"]
        fixed_by ["purchase/compare-and-set-retry", "purchase/compare-and-swap"]
        => || compare_and_set_retry_bounded(70, &[40, 20, 10]).check_all();

    /// The other flavour of compare-and-set returns the value that it found.
    /// It was set if that is the expected one;
    /// if not, the buyer goes on with what was found, without a get.
    "purchase/compare-and-swap" holds
        => || compare_and_swap(60, &[40, 20]).check_all();

    /// As purchase/compare-and-swap, with three buyers and 70 to pay for all.
    /// A buyer who was overtaken twice goes on twice with what was found;
    /// all three purchases are made in every interleaving.
    "purchase/compare-and-swap-3" holds
        => || compare_and_swap(70, &[40, 20, 10]).check_all();

    /// A compare-and-swap that unlocks after the comparison and locks again to set.
    /// It has the name of one step and is two.
    /// Both buyers find 50, and both set.
    "purchase/swap-in-two-steps"
        breaks [invariant "no more is spent than was there", invariant "money is conserved"]
        fixed_by ["purchase/compare-and-swap"]
        => || swap_in_two_steps(50, &[40, 20]).check_money();
}
