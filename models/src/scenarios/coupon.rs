//! A coupon is redeemed twice.
//!
//! A coupon is worth something once: whoever redeems it deletes it. As with a
//! purchase, to look and to delete must be one step, compare-and-delete, or
//! two customers use the same coupon.

use std::collections::BTreeMap;

use selvedge::{invariant, note};

use super::common::{join, lock, spawn};
use super::rt::Named;
use super::rt::sync::{Arc, Mutex};

const CODE: &str = "SPRING";
const VALUE: u32 = 10;

/// A map of code to value.
struct Coupons(Mutex<BTreeMap<&'static str, u32>>);

impl Coupons {
    fn new() -> Self {
        Coupons(Mutex::new(BTreeMap::from([(CODE, VALUE)])).named("coupons"))
    }

    fn get(&self, code: &'static str) -> Option<u32> {
        let coupons = lock(&self.0);
        let value = coupons.get(code).copied();
        note!("{code} is {}", if value.is_some() { "there" } else { "gone" });
        value
    }

    fn delete(&self, code: &'static str) {
        let mut coupons = lock(&self.0);
        note!("delete {code}");
        coupons.remove(code);
    }

    /// Deletes the coupon if it is worth `value`; says whether it was.
    fn compare_and_delete(&self, code: &'static str, value: u32) -> bool {
        let mut coupons = lock(&self.0);
        let found = coupons.get(code) == Some(&value);
        if found {
            note!("{code} is there: delete it");
            coupons.remove(code);
        } else {
            note!("{code} is gone");
        }
        found
    }
}

/// Lets the customers redeem the one coupon; returns how many succeeded.
fn redeem(customers: usize, redeem: fn(&Coupons) -> bool) -> usize {
    let coupons = Arc::new(Coupons::new());
    let customers: Vec<_> = (1..=customers)
        .map(|number| {
            let coupons = Arc::clone(&coupons);
            spawn(format!("customer {number}"), move || redeem(&coupons))
        })
        .collect();
    let redeemed =
        customers.into_iter().map(|thread| join(thread)).filter(|redeemed| *redeemed).count();
    invariant!("a coupon is redeemed once", redeemed == 1, "redeemed {redeemed} times");
    redeemed
}

/// Looks whether the coupon is there, then deletes it. Returns how often it
/// was redeemed.
pub fn check_then_delete(customers: usize) -> usize {
    redeem(customers, |coupons| {
        let valid = coupons.get(CODE) == Some(VALUE);
        if valid {
            coupons.delete(CODE);
        }
        valid
    })
}

/// Deletes the coupon if it is there, in one step. Returns how often it was
/// redeemed.
pub fn compare_and_delete(customers: usize) -> usize {
    redeem(customers, |coupons| coupons.compare_and_delete(CODE, VALUE))
}

scenarios! {
    /// Two customers look whether the coupon is there, and then delete it.
    /// Both may look before either has deleted:
    /// both get the discount, and the second delete deletes nothing.
    "coupon/check-then-delete"
        breaks [invariant "a coupon is redeemed once"]
        fixed_by ["coupon/compare-and-delete"]
        => || { check_then_delete(2); };

    /// To look and to delete are one step.
    /// It tells the customer whether it has deleted the coupon,
    /// and only one customer can be told so.
    "coupon/compare-and-delete" holds
        => || { compare_and_delete(2); };

    /// As coupon/compare-and-delete,
    /// with three customers:
    /// one is told that it has deleted the coupon, two that it is gone.
    "coupon/compare-and-delete-3" holds
        => || { compare_and_delete(3); };
}
