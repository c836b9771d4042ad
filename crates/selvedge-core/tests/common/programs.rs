//! Random programs of the toy machine.

use proptest::prelude::*;

/// A statement, as text.
pub(crate) fn statement() -> impl Strategy<Value = String> {
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
        1 => prop_oneof![Just("ONCE"), Just("ONCEFORCE")].prop_flat_map(|once| (0..2).prop_map(move |end|
            format!("r1 = {once} o; if r1 != 1 {{ if r1 == 0 || {} {{ r0 = R x sc; ONCEEND o {end} }} }}", i32::from(once == "ONCEFORCE")))),
        1 => Just("PARK".to_owned()),
        1 => (0..2).prop_map(|n| format!("UNPARK T{n}")),
        1 => Just("SEND z 0".to_owned()),
        1 => Just("r2 = RECV z 0".to_owned()),
        1 => Just("JOIN T0".to_owned()),
    ]
}

/// Programs of two to four threads of these statements.
pub(crate) fn threads(statement: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let thread = prop::collection::vec(statement, 1..4);
    prop::collection::vec(thread, 2..5).prop_map(|threads| {
        let threads = threads.iter().enumerate();
        threads.map(|(i, t)| format!("T{i}: {}", t.join("; "))).collect::<Vec<_>>().join(" | ")
    })
}

/// Programs of two to four threads, with all kinds of operations.
pub(crate) fn program() -> impl Strategy<Value = String> {
    threads(statement())
}

/// Programs with loops that wait until one location changes.
pub(crate) fn spinning() -> impl Strategy<Value = String> {
    let x = prop_oneof![Just("x"), Just("y")];
    let end = prop_oneof![Just("SPIN"), Just("YIELD")];
    let wait = prop_oneof![
        (x.clone(), 0..3, end.clone()).prop_map(|(x, v, end)| format!(
            "r0 = R {x} sc; while r0 != {v} {{ {end}; r0 = R {x} sc }}"
        )),
        (x.clone(), end.clone()).prop_map(|(x, end)| format!(
            "r0 = CAS {x} 1 2 sc sc; while r0 != 1 {{ {end}; r0 = CAS {x} 1 2 sc sc }}"
        )),
        (Just("m"), end).prop_map(|(m, end)| format!(
            "t = TRY {m}; while t == 0 {{ {end}; t = TRY {m} }}; W x 2 sc; UNLOCK {m}"
        )),
    ];
    threads(prop_oneof![1 => wait, 2 => statement()])
}

/// Programs with loops that wait until one of two locations changes.
pub(crate) fn spinning_on_two() -> impl Strategy<Value = String> {
    let end = prop_oneof![Just("SPIN"), Just("YIELD")];
    let wait = (end, 0..2, 0..2).prop_map(|(end, a, b)| {
        let look = "r0 = R x sc; r1 = R y sc";
        format!("{look}; while r0 == {a} && r1 == {b} {{ {end}; {look} }}")
    });
    threads(prop_oneof![
        1 => wait,
        1 => (1..3).prop_map(|v| format!("W x {v} sc")),
        1 => (0..3).prop_map(|v| format!("W y {v} sc")),
        1 => Just("r2 = FADD x 1 sc".to_owned()),
        1 => Just("LOCK m; W x 1 sc; W y 1 sc; UNLOCK m".to_owned()),
    ])
}

/// Programs around one `Once` that may be poisoned: a call that would have
/// found it poisoned may have to wait for one that repairs it.
pub(crate) fn calling_once() -> impl Strategy<Value = String> {
    threads(prop_oneof![
        2 => (0..2).prop_map(|end| format!("r1 = ONCE o; if r1 == 0 {{ ONCEEND o {end} }}")),
        2 => (0..2).prop_map(|end| format!("r1 = ONCEFORCE o; if r1 != 1 {{ ONCEEND o {end} }}")),
        1 => Just("r0 = R x sc".to_owned()),
        1 => Just("W x 1 sc".to_owned()),
    ])
}

/// Programs with selects among two channels.
pub(crate) fn selecting() -> impl Strategy<Value = String> {
    let q = prop_oneof![Just("q"), Just("p")];
    let select = prop_oneof![Just("r2 = SELECT q 1 p 1"), Just("r2 = SELECT p 1 q 1")];
    threads(prop_oneof![
        3 => select.prop_map(|select| format!("{select}; if r2 == 1 {{ W x 1 sc }}")),
        2 => q.clone().prop_map(|q| format!("SEND {q} 1")),
        1 => q.clone().prop_map(|q| format!("r2 = RECV {q} 1")),
        1 => q.clone().prop_map(|q| format!("r2 = TRYRECV {q} 1")),
        1 => q.prop_map(|q| format!("CLOSE {q} 1")),
        1 => statement(),
    ])
}

/// Programs that wait for some time at most, with virtual time if asked for.
pub(crate) fn waiting(is_virtual: bool) -> impl Strategy<Value = String> {
    let timed = (1..4u64).prop_flat_map(|n| {
        prop_oneof![
            3 => Just(format!("SLEEP {n}")),
            2 => Just(format!("r2 = RECVBY q 1 {n}; if r2 == 2 {{ W y 1 sc }}")),
            1 => Just(format!("r2 = SENDBY q 1 {n}")),
            1 => Just("r2 = TRYSEND q 1; if r2 == 2 { W x 1 sc }".to_owned()),
            2 => Just(format!("LOCK m; r1 = WAITBY c m {n}; if r1 {{ W x 1 sc }}; UNLOCK m")),
            1 => Just(format!("r1 = PARKBY {n}; if r1 {{ W y 2 sc }}")),
            1 => Just("NOTIFY c".to_owned()),
            1 => (0..2).prop_map(|n| format!("UNPARK T{n}")),
        ]
    });
    let prefix = if is_virtual { "virtual " } else { "" };
    threads(prop_oneof![2 => timed, 2 => statement()])
        .prop_map(move |text| format!("{prefix}{text}"))
}
