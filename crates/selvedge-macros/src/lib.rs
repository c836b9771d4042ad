//! The attribute `#[selvedge::test]`.

mod expand;
mod settings;

use proc_macro::TokenStream;

/// Makes a test of a function: every behaviour of it is explored, as by
/// `selvedge::model`, and the test fails with the report if one of them fails.
///
/// ```ignore
/// #[selvedge::test]
/// fn every_interleaving() { /* ... */ }
///
/// #[selvedge::test(strategy = "random", seed = 7, max_executions = 1000)]
/// fn a_thousand_random_ones() { /* ... */ }
/// ```
///
/// | setting | says |
/// |---|---|
/// | `strategy`, `seed`, `max_executions`, `max_steps`, `max_preemptions`, `workers`, `keep_going`, `name` | as the methods of `selvedge::Explorer` of those names |
/// | `max_seconds = 1.5` | stop after that time |
/// | `time = "virtual"` | what sleeps and timeouts mean: `untimed`, or a virtual clock |
/// | `simplify_seconds = 10` | look for so long for a simpler execution of a failure; 0: not at all |
/// | `memory = "sc"` | the memory model; there is one so far |
/// | `breaks = "name"` | the test passes if the program fails with that name (an invariant's), or that kind (`"deadlock"`), and in no other way |
/// | `require_proof = true` | the test passes only if every behaviour was seen; no effect with `breaks` |
/// | `cases = 100` | how many inputs are drawn |
///
/// The `SELVEDGE_*` variables set what is not given. Other attributes of tests
/// (`#[ignore]`, `#[should_panic]`) go with it. The function may return a
/// `Result`; an error is a failure.
///
/// # Failures are kept
///
/// The schedule of a failure is written to `selvedge-regressions/` beside the
/// crate's `Cargo.toml`, in a file of the test's own, and tried first in the
/// next run. Commit it. `SELVEDGE_REGRESSIONS=0` switches this off. Tests that
/// have to fail (`breaks`, `#[should_panic]`) keep nothing.
///
/// # Inputs
///
/// With the feature `proptest` of `selvedge` the function may take arguments:
/// inputs that are drawn, each of which is explored. A failing one is made
/// smaller. Each says where it is drawn from, or any value of its type is:
///
/// ```ignore
/// #[selvedge::test(cases = 100)]
/// fn no_overdraft(#[strategy(1..60)] price: i64, members: bool) { /* ... */ }
/// ```
///
/// The expression is a `proptest` strategy; a range takes the argument's
/// type. Inputs are `Clone + Send + Sync + 'static`. They depend on the `seed`
/// alone. That all of them hold is no proof for others.
#[proc_macro_attribute]
pub fn test(settings: TokenStream, item: TokenStream) -> TokenStream {
    expand::test(settings.into(), item.into())
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}
