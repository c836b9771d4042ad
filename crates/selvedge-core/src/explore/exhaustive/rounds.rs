//! The exhaustive search on many workers.
//!
//! It goes in rounds. A round takes the last items off the list of those that
//! are left, in chunks; workers explore the chunks, each on its own; what they
//! found is put together in the order of the chunks, as if one worker had met
//! it, and what they have left goes back to the list. What a round is made of
//! depends only on the list, and how a chunk ends only on the chunk. So counts,
//! failures, their schedules and the verdict are the same for any number of
//! workers, also if the search stops at the first failure: what was found in
//! the chunks after it is thrown away.
//!
//! The first round is one chunk. A program that has no more than that never
//! sees a second OS thread.

use std::hash::{Hash, Hasher};
use std::time::{Duration, Instant};

use rustc_hash::FxHasher;

use super::chunk::{Chunk, Stop, Worker};
use super::frontier::Frontier;
use super::pool::{Board, Counts, Task};
use super::totals::Totals;
use crate::explore::{Dfs, Limits, Strategy, cut_executions, impatient_loop, waiting_loop};
use crate::failure::Place;
use crate::machine::Machine;
use crate::report::{End, Report};
use crate::world::World;

/// How an exhaustive search is carried out.
#[derive(Clone, Debug)]
pub struct Rounds {
    /// When to stop.
    pub limits: Limits,
    /// How many workers there are, at least 1.
    pub workers: usize,
    /// The name that schedules carry.
    pub program: Option<String>,
}

/// Who looks on while a search goes on.
pub trait Observer {
    /// Called now and then with the report so far; false stops the search.
    fn progress(&mut self, report: &Report) -> bool;

    /// Called now and then: is the state of the search to be saved now?
    fn is_save_due(&self) -> bool {
        false
    }

    /// Saves the state of the search.
    ///
    /// # Errors
    /// One sentence, with which the search ends.
    fn save(&mut self, _frontier: &Frontier) -> Result<(), String> {
        Ok(())
    }
}

impl<F: FnMut(&Report) -> bool> Observer for F {
    fn progress(&mut self, report: &Report) -> bool {
        self(report)
    }
}

/// The clock is looked at after that many executions, or steps.
const CLOCK_EXECUTIONS: u64 = 64;
const CLOCK_STEPS: u64 = 4_096;

/// So often is the clock looked at while others work.
const PATIENCE: Duration = Duration::from_millis(20);

/// Explores what is left in `frontier`, until nothing is, a failure is met or
/// a limit is reached; fills the report. `make` makes the machine of a worker.
pub fn explore_in_rounds<M: Machine>(
    make: &(dyn Fn() -> M + Sync),
    rounds: &Rounds,
    frontier: &mut Frontier,
    report: &mut Report,
    observer: &mut dyn Observer,
) {
    let board = Board::default();
    std::thread::scope(|scope| {
        let _dismiss = Dismiss(&board);
        let mut hired = Vec::new();
        let mut search = Search {
            rounds,
            board: &board,
            first: Worker::new(make()),
            look: Look { start: Instant::now(), before: frontier.elapsed, report, observer },
        };
        if rounds.workers < 2 {
            search.first.inherit();
        }
        let mut workers = rounds.workers;
        let end = search.run(frontier, |round, first| {
            match round {
                Need::Workers(chunks) => {
                    while hired.len() + 1 < workers.min(chunks) {
                        hired.push(scope.spawn(|| board.work(make)));
                    }
                }
                Need::Solitude => {
                    board.dismiss();
                    for worker in hired.drain(..) {
                        // A panic was handed on already.
                        drop(worker.join());
                    }
                    workers = 1;
                    first.inherit();
                }
            }
        });
        search.look.finish(frontier, &rounds.limits, end);
    });
}

/// Sends the workers home, also if the search ends by a panic.
struct Dismiss<'a>(&'a Board);

impl Drop for Dismiss<'_> {
    fn drop(&mut self) {
        self.0.pause();
        self.0.dismiss();
    }
}

/// What a search asks of those who hire its workers.
enum Need {
    /// There are that many chunks.
    Workers(usize),
    /// One worker has to go on alone.
    Solitude,
}

/// Keeps the report, and looks at the clock.
struct Look<'a> {
    start: Instant,
    /// The time that was spent before.
    before: Duration,
    report: &'a mut Report,
    observer: &'a mut dyn Observer,
}

impl Look<'_> {
    fn elapsed(&self) -> Duration {
        self.before + self.start.elapsed()
    }

    /// Why the search is to stop now, if it is.
    fn at_clock(&mut self, limits: &Limits, totals: &Totals, counts: Counts) -> Option<End> {
        let report = &mut *self.report;
        report.executions = totals.executions + counts.executions;
        report.steps = totals.steps + counts.steps;
        report.explored = totals.explored + counts.explored;
        report.elapsed = self.before + self.start.elapsed();
        if limits.max_duration.is_some_and(|most| self.start.elapsed() >= most) {
            return Some(End::Time);
        }
        let go_on = self.observer.progress(report);
        (!go_on).then(|| End::Bounded("interrupted".to_owned()))
    }

    fn finish(self, frontier: &mut Frontier, limits: &Limits, end: End) {
        frontier.elapsed = self.elapsed();
        // What chunks of an unfinished round have counted belongs to it.
        let mut totals = frontier.totals.clone();
        for chunk in &frontier.round {
            totals.add(chunk.totals.clone());
        }
        totals.fill(self.report);
        self.report.pending = frontier.pending();
        self.report.most_pending = frontier.most_pending.max(self.report.pending);
        self.report.assumptions = totals.waiting.iter().map(waiting_loop).collect();
        self.report.end = match end {
            End::Exhausted => {
                let cut = cut_executions(&totals.failures, limits.max_steps, true);
                cut.or_else(|| totals.impatient.first().map(impatient_loop))
                    .map_or(End::Exhausted, End::Bounded)
            }
            end => end,
        };
        if self.report.exhausted() && frontier.shard.is_none() {
            self.report.explored = 1.0;
        }
        // A state that says that nothing is left.
        if let Err(what) = self.observer.save(frontier) {
            self.report.end = End::Error(what);
        }
        self.report.elapsed = self.elapsed();
    }
}

struct Search<'a, 'b, M> {
    rounds: &'a Rounds,
    board: &'a Board,
    first: Worker<M>,
    look: Look<'b>,
}

impl<M: Machine> Search<'_, '_, M> {
    fn run(&mut self, frontier: &mut Frontier, mut need: impl FnMut(Need, &mut Worker<M>)) -> End {
        let limits = &self.rounds.limits;
        let program = self.rounds.program.as_deref();
        let mut setting = frontier.setting(*limits, program);
        if let Err(what) = self.look.observer.save(frontier) {
            return End::Error(what);
        }
        loop {
            if frontier.round.is_empty() {
                if frontier.failed {
                    return End::Failure;
                }
                let executions = frontier.totals.executions;
                if limits.max_executions.is_some_and(|most| executions >= most) {
                    return End::Executions;
                }
                if frontier.items.is_empty() {
                    return End::Exhausted;
                }
                frontier.open_round(limits.max_executions);
            }
            let chunks = frontier.round.len();
            if chunks > 1 {
                need(Need::Workers(chunks), &mut self.first);
            }
            self.board.open(&setting, std::mem::take(&mut frontier.round));
            self.look.report.pending = frontier.items.len() as u64;
            let stopped = self.work(&frontier.totals);
            let (round, met_sibling) = self.board.close();
            frontier.round = round;
            if let Some(end) = stopped {
                return end;
            }
            if met_sibling {
                need(Need::Solitude, &mut self.first);
                self.look.report.notes.push(ALONE.to_owned());
            } else if is_over(&frontier.round)
                && let Some(Stop::Learnt(_)) = frontier.close_round()
            {
                setting = frontier.setting(*limits, program);
            }
            if self.look.observer.is_save_due() {
                frontier.elapsed = self.look.elapsed();
                if let Err(what) = self.look.observer.save(frontier) {
                    return End::Error(what);
                }
            }
        }
    }

    /// Works on the round as the first of the workers, and waits for the
    /// others. Gives why the search is to stop, if it is.
    fn work(&mut self, totals: &Totals) -> Option<End> {
        let Search { rounds, board, first, look } = self;
        let mut end = None;
        let mut at_clock = |mine: Option<&Totals>| {
            let mut counts = board.counts();
            mine.into_iter().for_each(|mine| counts.add(mine));
            if end.is_none() {
                end = look.at_clock(&rounds.limits, totals, counts);
            }
            if end.is_some() || look.observer.is_save_due() {
                board.pause();
            }
        };
        at_clock(None);
        while let Some(Task { at, mut chunk, setting }) = board.take() {
            let (mut runs, mut steps) = (0, chunk.totals.steps);
            let ran = first.run(&setting, &mut chunk, |mine| {
                runs += 1;
                if runs == CLOCK_EXECUTIONS || mine.steps >= steps + CLOCK_STEPS {
                    (runs, steps) = (0, mine.steps);
                    at_clock(Some(mine));
                }
                !board.is_over(at)
            });
            board.put_back(at, chunk, ran);
            at_clock(None);
        }
        while !board.wait_for_workers(PATIENCE) {
            at_clock(None);
        }
        end
    }
}

/// What is reported if workers would have touched the same memory.
const ALONE: &str = "explored by one worker: executions share a static, or what the program's \
                     closure holds";

/// True if each chunk of the round is done, up to the one at which the search stops.
fn is_over(round: &[Chunk]) -> bool {
    let stop = round.iter().position(|chunk| chunk.stop.is_some());
    round[..stop.unwrap_or(round.len())].iter().all(Chunk::is_done)
}

/// A number that stands for a program: for what its first execution does, and
/// where. It is the same in every process.
pub fn first_execution(machine: &mut dyn Machine, max_steps: u64) -> u64 {
    // Which learns nothing on the way, and so is not abandoned.
    let (mut search, mut world) = (Dfs::unreduced(), World::new());
    let mut hash = FxHasher::default();
    if search.begin() {
        search.execute(machine, &mut world, max_steps);
        world.fingerprint().hash(&mut hash);
        for event in world.events() {
            Place::from(event.op.at).hash(&mut hash);
        }
        machine.finish(&mut world);
    }
    hash.finish()
}
