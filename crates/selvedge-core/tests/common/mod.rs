//! What the tests of the search compare it with: a brute force over all
//! interleavings and an equality of behaviours, which share nothing with it.
//!
//! An execution in which a thread fails goes on with the others, so that each
//! belongs to one behaviour however early the failure was met.

#[allow(dead_code, reason = "not every test draws programs")]
pub(crate) mod programs;

use std::collections::{BTreeMap, BTreeSet};

use selvedge_core::explore::{Decision, Limits, Outcome, Step, Strategy, View, execute};
use selvedge_core::id::ThreadId;
use selvedge_core::op::{Access, OpKind};
use selvedge_core::toy::{Program, Toy};
use selvedge_core::world::World;

/// For each object, the sets of events (thread, index, whether it writes) that
/// come one after the other.
type Orders = BTreeMap<usize, Vec<BTreeSet<(ThreadId, u32, bool)>>>;

/// A behaviour: what each thread did and was answered, and for each object the
/// order of what was done to it, reads between two writes being unordered.
/// Also how the execution ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Behaviour {
    threads: BTreeMap<ThreadId, Vec<String>>,
    objects: Orders,
    faults: Vec<String>,
}

impl Behaviour {
    /// How the execution failed, if it did.
    #[allow(dead_code)]
    pub(crate) fn faults(&self) -> &[String] {
        &self.faults
    }
}

pub(crate) fn behaviour(world: &World) -> Behaviour {
    let mut threads: BTreeMap<ThreadId, Vec<String>> = BTreeMap::new();
    let mut objects = Orders::new();
    for event in world.events() {
        let kind = match event.op.kind {
            // Where its cases are listed depends on the order of announcements.
            OpKind::Select(_) => "Select".to_owned(),
            kind => format!("{kind:?}"),
        };
        let what = format!("{kind} {} -> {}", event.choice, event.answer);
        threads.entry(event.thread).or_default().push(what);
        if let Some((object, access)) = world.access_of(event) {
            let order = objects.entry(world.location(object).index()).or_default();
            let write = access == Access::Write;
            let item = (event.thread, event.index, write);
            match order.last_mut() {
                Some(reads) if !write && reads.iter().all(|(.., w)| !w) => {
                    reads.insert(item);
                }
                _ => order.push(BTreeSet::from([item])),
            }
        }
    }
    let mut faults: Vec<String> =
        world.faults().iter().map(|f| format!("{}: {}", f.kind, f.message)).collect();
    faults.sort();
    Behaviour { threads, objects, faults }
}

/// The odometer: repeats the steps so far with the last one that has an
/// alternative advanced, until none has.
#[derive(Default)]
struct Odometer {
    digits: Vec<(usize, usize)>,
    at: usize,
    started: bool,
}

impl Strategy for Odometer {
    fn name(&self) -> String {
        "odometer".to_owned()
    }

    fn begin(&mut self) -> bool {
        self.at = 0;
        if std::mem::replace(&mut self.started, true) {
            while self.digits.last().is_some_and(|(digit, base)| digit + 1 == *base) {
                self.digits.pop();
            }
            match self.digits.last_mut() {
                Some((digit, _)) => *digit += 1,
                None => return false,
            }
        }
        true
    }

    fn next(&mut self, view: &View<'_>) -> Decision {
        let steps: Vec<Step> = view
            .enabled()
            .iter()
            .flat_map(|&thread| {
                let choices = view.choices(thread);
                (0..choices.len()).map(move |k| Step { thread, choice: choices.nth(k) })
            })
            .collect();
        if self.at == self.digits.len() {
            self.digits.push((0, steps.len()));
        }
        let (digit, base) = self.digits[self.at];
        assert_eq!(base, steps.len(), "the toy is deterministic");
        self.at += 1;
        Decision::Step(steps[digit])
    }

    fn end(&mut self, _world: &World) {}
}

/// What the brute force saw.
pub(crate) struct BruteForce {
    pub(crate) interleavings: u64,
    /// Each behaviour, with the plain variables at its end.
    pub(crate) behaviours: BTreeMap<Behaviour, BTreeMap<String, i64>>,
}

/// Runs all interleavings; `None` if there are more than `most`.
pub(crate) fn brute_force(program: &Program, most: u64) -> Option<BruteForce> {
    let mut found = BruteForce { interleavings: 0, behaviours: BTreeMap::new() };
    let mut machine = Toy::new(program);
    let mut odometer = Odometer::default();
    let mut world = World::new();
    world.set_running_on(true);
    while odometer.begin() {
        execute(&mut machine, &mut world, &mut odometer, 10_000);
        found.interleavings += 1;
        if found.interleavings > most {
            return None;
        }
        found.behaviours.insert(behaviour(&world), machine.plain_variables().clone());
    }
    Some(found)
}

/// How the executions of a strategy end: the registers of all threads and
/// what went wrong. Also how many were completed, and abandoned; `None` if
/// there are more than `most`.
#[allow(dead_code)]
pub(crate) fn outcomes(
    program: &Program,
    strategy: &mut dyn Strategy,
    most: u64,
) -> Option<(BTreeSet<String>, u64, u64)> {
    let mut machine = Toy::new(program);
    let mut world = World::new();
    world.set_running_on(true);
    let (mut seen, mut complete, mut abandoned) = (BTreeSet::new(), 0, 0);
    while strategy.begin() {
        match execute(&mut machine, &mut world, strategy, 10_000) {
            Outcome::Complete => complete += 1,
            Outcome::Abandoned => {
                abandoned += 1;
                continue;
            }
        }
        if complete > most {
            return None;
        }
        let registers: Vec<_> = (0..program.threads.len()).map(|t| machine.registers(t)).collect();
        let faults: BTreeSet<String> = world.faults().iter().map(|f| f.kind.to_string()).collect();
        seen.insert(format!("{registers:?} {faults:?}"));
    }
    Some((seen, complete, abandoned))
}

/// All interleavings, one after the other.
#[allow(dead_code)]
pub(crate) fn all_interleavings() -> impl Strategy {
    Odometer::default()
}

/// Runs a search, and gives how often each behaviour was completed, and the
/// number of executions that were abandoned.
pub(crate) fn search(
    program: &Program,
    strategy: &mut dyn Strategy,
) -> (BTreeMap<Behaviour, u64>, u64) {
    let mut machine = Toy::new(program);
    let mut world = World::new();
    world.set_running_on(true);
    let (mut complete, mut abandoned) = (BTreeMap::new(), 0);
    while strategy.begin() {
        let limits = Limits::default();
        match execute(&mut machine, &mut world, strategy, limits.max_steps) {
            Outcome::Complete => {
                *complete.entry(behaviour(&world)).or_default() += 1;
            }
            Outcome::Abandoned => abandoned += 1,
        }
    }
    (complete, abandoned)
}
