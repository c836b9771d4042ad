//! Random programs: the search sees exactly the behaviours that a brute force
//! over all interleavings sees, each once.
//!
//! `SELVEDGE_FUZZ=20000` runs that many programs in place of 500.

mod common;

use common::{brute_force, search};
use proptest::prelude::*;
use selvedge_core::explore::Dfs;
use selvedge_core::toy::Program;

fn cases() -> u32 {
    std::env::var("SELVEDGE_FUZZ").ok().and_then(|n| n.parse().ok()).unwrap_or(500)
}

/// A statement, as text; `lock` says which mutex it may take.
fn statement() -> impl Strategy<Value = String> {
    let x = prop_oneof![Just("x"), Just("y")];
    let m = prop_oneof![Just("m"), Just("n")];
    prop_oneof![
        4 => (x.clone(), 0..3).prop_map(|(x, r)| format!("r{r} = R {x} sc")),
        4 => (x.clone(), 1..3).prop_map(|(x, v)| format!("W {x} {v} sc")),
        2 => x.clone().prop_map(|x| format!("r0 = FADD {x} 1 sc")),
        2 => x.clone().prop_map(|x| format!("r1 = CAS {x} 0 2 sc sc")),
        2 => (x.clone(), m.clone()).prop_map(|(x, m)| format!("LOCK {m}; r2 = R {x} sc; W {x} r2+1 sc; UNLOCK {m}")),
        1 => (m.clone(), m.clone(), x.clone()).prop_map(|(m, n, x)| if m == n {
            format!("LOCK {m}; W {x} 1 sc")
        } else {
            format!("LOCK {m}; LOCK {n}; W {x} 1 sc; UNLOCK {n}; UNLOCK {m}")
        }),
        2 => (m.clone(), x.clone()).prop_map(|(m, x)| format!("t = TRY {m}; if t {{ W {x} 2 sc; UNLOCK {m} }} else {{ r0 = R {x} sc }}")),
        1 => x.clone().prop_map(|x| format!("LOCK m; if r0 == 0 {{ WAIT c m }}; W {x} 1 sc; UNLOCK m")),
        1 => Just("NOTIFY c".to_owned()),
        1 => Just("NOTIFYALL c".to_owned()),
        1 => Just("RLOCK l; r1 = R x sc; RUNLOCK l".to_owned()),
        1 => Just("WLOCK l; W x 2 sc; WUNLOCK l".to_owned()),
        2 => Just("SEND q 1".to_owned()),
        2 => Just("r2 = RECV q 1".to_owned()),
        1 => Just("r2 = TRYRECV q 1; if r2 == 2 { W y 1 sc }".to_owned()),
        1 => Just("CLOSE q 1".to_owned()),
        1 => Just("r1 = ANY 2; if r1 { W x 3 sc }".to_owned()),
        1 => (x.clone(), x).prop_map(|(x, y)| format!("if r0 == 1 {{ W {x} 1 sc }} else {{ r0 = R {y} sc }}")),
        1 => Just("assert r0 != 2".to_owned()),
        1 => Just("JOIN T0".to_owned()),
    ]
}

fn program() -> impl Strategy<Value = String> {
    let thread = prop::collection::vec(statement(), 1..4);
    prop::collection::vec(thread, 2..4).prop_map(|threads| {
        let threads = threads.iter().enumerate();
        threads.map(|(i, t)| format!("T{i}: {}", t.join("; "))).collect::<Vec<_>>().join(" | ")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_global_rejects: 1 << 20, ..ProptestConfig::default() })]

    #[test]
    fn each_behaviour_once(text in program()) {
        let program = Program::parse(&text).unwrap();
        let brute = brute_force(&program, 5_000);
        prop_assume!(brute.is_some());
        let brute = brute.unwrap();
        // A failure cuts the execution short wherever the others happen to be,
        // so that what is cut has no behaviour to be compared: the other test.
        let cut = |f: &String| !f.starts_with("deadlock");
        prop_assume!(!brute.behaviours.keys().any(|b| b.faults().iter().any(cut)));
        let (seen, _) = search(&program, &mut Dfs::new());
        for behaviour in brute.behaviours.keys() {
            prop_assert!(seen.contains_key(behaviour), "missed: {behaviour:#?}");
        }
        for (behaviour, times) in &seen {
            prop_assert!(brute.behaviours.contains_key(behaviour), "invented: {behaviour:#?}");
            prop_assert_eq!(*times, 1, "seen more than once: {:#?}", behaviour);
        }
    }

    /// With failures on the way: the same failures are met.
    #[test]
    fn no_failure_is_missed(text in program()) {
        let program = Program::parse(&format!("{text} ; r0 = R x sc; assert r0 < 3")).unwrap();
        let brute = brute_force(&program, 5_000);
        prop_assume!(brute.is_some());
        let faults = |b: &common::Behaviour| b.faults().to_vec();
        let expected: std::collections::BTreeSet<_> = brute.unwrap().behaviours.keys().map(faults).collect();
        let (seen, _) = search(&program, &mut Dfs::new());
        let seen: std::collections::BTreeSet<_> = seen.keys().map(faults).collect();
        prop_assert_eq!(seen, expected);
    }
}
