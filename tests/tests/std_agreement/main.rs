//! Against std: what one thread does to a primitive of the native engine, in an
//! exploration, has the results that it has on std's, call by call.
//!
//! Each program is written once, in `programs.rs`, and stamped for both. It gets random
//! calls, as pairs of bytes, and tells what came of each.

#![allow(clippy::unit_arg, reason = "calls that give nothing are told of as well")]
#![allow(clippy::duplicate_mod, reason = "the programs are compiled for both")]

use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use selvedge::Explorer;

#[path = "."]
mod native {
    use selvedge::native as rt;

    #[path = "programs.rs"]
    pub(crate) mod programs;
}

#[path = "."]
mod real {
    use std as rt;

    #[path = "programs.rs"]
    pub(crate) mod programs;
}

/// Which call, and with what.
pub(crate) type Call = (u8, u8);

type Program = fn(&[Call]) -> Vec<String>;

/// What the program tells in an exploration.
fn explored(program: Program, calls: &[Call]) -> Vec<String> {
    let told = Arc::new(Mutex::new(Vec::new()));
    let (keep, calls) = (Arc::clone(&told), calls.to_vec());
    let report = Explorer::new().workers(1).run(move || *keep.lock().unwrap() = program(&calls));
    assert!(report.failures().is_empty() && report.exhausted(), "{report:?}");
    assert_eq!(report.executions(), 1);
    std::mem::take(&mut *told.lock().unwrap())
}

fn agree(native: Program, real: Program, cases: u32) {
    let calls = prop::collection::vec(any::<Call>(), 0..40);
    proptest!(ProptestConfig::with_cases(cases), |(calls in calls)| {
        let (expected, native_outside) = (real(&calls), native(&calls));
        prop_assert_eq!(explored(native, &calls), expected.clone());
        prop_assert_eq!(native_outside, expected, "outside an exploration");
    });
}

macro_rules! programs {
    ($($program:ident: $cases:literal;)*) => {$(
        #[test]
        fn $program() {
            agree(native::programs::$program, real::programs::$program, $cases);
        }
    )*};
}

programs! {
    arc: 500;
    mutex: 200;
    rwlock: 200;
    once: 200;
    once_lock: 200;
    lazy_lock: 200;
    integers: 100;
    bools: 200;
    pointers: 200;
    cells: 200;
    locals: 200;
    alone: 20;
}
