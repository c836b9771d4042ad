//! The search against known counts (`data/sc.tsv`, found by brute force with
//! other tools; where a row comes from a published suite it agrees with it).

mod common;

use common::{brute_force, search};
use selvedge_core::explore::{Dfs, Limits, Metered, PreemptionBound, explore};
use selvedge_core::report::{Engine, Report};
use selvedge_core::toy::{Program, Toy};

struct Row {
    name: String,
    program: Program,
    interleavings: u64,
    behaviours: u64,
    failing: u64,
}

fn rows() -> Vec<Row> {
    let rows: Vec<Row> = include_str!("data/sc.tsv")
        .lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            let number = |i: usize| cells[i].parse().unwrap();
            Row {
                name: cells[0].to_owned(),
                program: Program::parse(cells[1]).unwrap_or_else(|e| panic!("{}: {e}", cells[0])),
                interleavings: number(2),
                behaviours: number(3),
                failing: number(4),
            }
        })
        .collect();
    assert_eq!(rows.len(), 14);
    rows
}

fn report(program: &Program, strategy: &mut dyn selvedge_core::explore::Strategy) -> Report {
    let mut report = Report::new(Engine::Native, strategy.name(), 0);
    let limits = Limits { keep_going: true, ..Limits::default() };
    explore(&mut Toy::new(program), strategy, &limits, None, &mut report, &mut |_| true);
    report
}

#[test]
fn without_reduction_every_interleaving_is_run() {
    for row in rows() {
        let report = report(&row.program, &mut Dfs::unreduced());
        assert_eq!((report.executions, report.blocked), (row.interleavings, 0), "{}", row.name);
        assert!(report.exhausted());
        let brute = brute_force(&row.program, u64::MAX).unwrap();
        assert_eq!(brute.interleavings, row.interleavings, "{}", row.name);
    }
}

#[test]
fn with_reduction_each_behaviour_is_run_once() {
    for row in rows() {
        let report = report(&row.program, &mut Dfs::new());
        assert!(report.exhausted());
        assert_eq!(report.executions, row.behaviours, "{}", row.name);
        let brute = brute_force(&row.program, u64::MAX).unwrap();
        let (seen, _) = search(&row.program, &mut Dfs::new());
        assert!(seen.keys().eq(brute.behaviours.keys()), "{}: other behaviours", row.name);
        assert!(seen.values().all(|n| *n == 1), "{}: one behaviour twice", row.name);
        let failing = brute.behaviours.values().filter(|plain| {
            plain.get("spent").is_some_and(|spent| *spent > 50)
                || plain.get("freed").is_some_and(|freed| *freed > 1)
        });
        assert_eq!(failing.count() as u64, row.failing, "{}: failing behaviours", row.name);
    }
}

#[test]
fn a_bound_on_preemptions_is_said_unless_it_did_nothing() {
    let racy = Program::parse("T0: rep 2 { a = FADD x 1 sc } | T1: rep 2 { a = FADD x 1 sc }");
    let racy = racy.unwrap();
    // Of the 6 interleavings 0011 and 1100 have no preemption, 0110 and 1001
    // one, 0101 and 1010 two: the last switch is away from a thread that ended.
    let bounded = |most| report(&racy, &mut PreemptionBound::new(Dfs::unreduced(), most));
    assert_eq!((bounded(0).executions, bounded(0).exhausted()), (2, false));
    assert_eq!((bounded(1).executions, bounded(1).exhausted()), (4, false));
    assert_eq!((bounded(2).executions, bounded(2).exhausted()), (6, true));
    assert_eq!(bounded(1).verdict().to_string(), "holds, bounded (at most 1 preemption)");
}

#[test]
fn metrics_count_what_another_strategy_does() {
    let program = Program::parse("T0: rep 2 { a = FADD x 1 sc } | T1: rep 2 { a = FADD x 1 sc }");
    let mut strategy = Metered::new(Dfs::unreduced());
    let report = report(&program.unwrap(), &mut strategy);
    let metrics = strategy.metrics();
    assert_eq!((metrics.executions, metrics.steps), (report.executions, report.steps));
    // 0011 and 1100 switch once; 0110 and 1001 twice, once by preemption;
    // 0101 and 1010 three times, twice by preemption.
    assert_eq!((metrics.switches, metrics.preemptions), (2 + 4 + 6, 2 + 4));
    assert_eq!((metrics.most_steps, metrics.most_threads), (4, 3));
}

#[test]
fn a_strategy_that_ends_by_itself_proves_nothing_unless_it_says_so() {
    /// Runs the first interleaving of another strategy, and ends.
    struct Once(Dfs, bool);

    impl selvedge_core::explore::Strategy for Once {
        fn name(&self) -> String {
            "once".to_owned()
        }

        fn begin(&mut self) -> bool {
            !std::mem::replace(&mut self.1, true) && self.0.begin()
        }

        fn next(
            &mut self,
            view: &selvedge_core::explore::View<'_>,
        ) -> selvedge_core::explore::Decision {
            self.0.next(view)
        }

        fn end(&mut self, world: &selvedge_core::world::World) {
            self.0.end(world);
        }
    }

    let program = Program::parse("T0: W x 1 sc | T1: a = R x sc").unwrap();
    let sample = report(&program, &mut Once(Dfs::new(), false));
    assert_eq!((sample.executions, sample.exhausted()), (1, false));
    assert_eq!(sample.verdict().to_string(), "holds, bounded (all that once does)");
}

#[test]
fn a_search_whose_executions_were_cut_is_not_exhausted() {
    let program = Program::parse("T0: rep 9 { a = FADD x 1 sc }").unwrap();
    let run = |max_steps| {
        let mut report = Report::new(Engine::Native, "dfs", 0);
        let limits = Limits { keep_going: true, max_steps, ..Limits::default() };
        let machine = &mut Toy::new(&program);
        explore(machine, &mut Dfs::new(), &limits, None, &mut report, &mut |_| true);
        report
    };
    assert!(run(9).exhausted() && run(9).failures().is_empty());
    assert!(!run(8).exhausted());
    assert_eq!(run(8).failures()[0].kind(), selvedge_core::failure::FailureKind::StepBound);
}
