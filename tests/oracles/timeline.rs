//! Which timers run when, by plain arithmetic.

use std::collections::VecDeque;
use std::time::Duration;

use filch::MissedTick;

use crate::steps::{Act, Plan, Start};

/// What happens, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Run number `run` of a job, at that time.
    Run {
        time: u64,
        id: usize,
        run: u64,
    },
    /// A run has cancelled that one; what the call said.
    Cancel(usize, bool),
    CancelTimers(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It waits for its time; with its place among those of the same time.
    Armed(u64),
    Queued,
    /// It has been cancelled meanwhile, or not.
    Running {
        stops: bool,
    },
    Done,
    Panicked,
    Cancelled,
    ShutDown,
}

impl State {
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Done | Self::Panicked | Self::Cancelled | Self::ShutDown)
    }
}

#[derive(Debug, Clone)]
pub struct Timer {
    pub due: u64,
    pub state: State,
    pub runs: u64,
    /// A job with a handle, without one, or a schedule.
    pub is_watched: bool,
    pub plan: Option<Plan>,
    act: Act,
}

/// The timers, in the order in which they were made.
#[derive(Debug, Clone)]
pub struct Timeline {
    pub timers: Vec<Timer>,
    pub now: u64,
    pub events: Vec<Event>,
    pub queue: VecDeque<usize>,
    /// The worker runs nothing of these.
    pub is_held: bool,
    pub is_closed: bool,
    pub panics: u64,
    armed: u64,
}

/// The time at which a timeline begins: there are times before.
pub const BEGINNING: u64 = 1 << 62;

pub fn nanos(duration: Duration) -> u64 {
    duration.as_nanos().try_into().unwrap_or(u64::MAX)
}

impl Timeline {
    pub fn new() -> Self {
        let (timers, events, queue) = (Vec::new(), Vec::new(), VecDeque::new());
        Self { timers, now: BEGINNING, events, queue, is_held: false, is_closed: false, panics: 0, armed: 0 }
    }

    pub fn after(&self, delay: Duration) -> u64 {
        match nanos(delay) {
            u64::MAX => u64::MAX,
            delay => self.now.saturating_add(delay).min(u64::MAX - 1),
        }
    }

    pub fn at(&self, offset: i64) -> u64 {
        self.now.saturating_add_signed(offset)
    }

    pub fn add_job(&mut self, due: u64, is_watched: bool, act: Act) {
        self.add(Timer { due, state: State::Done, runs: 0, is_watched, plan: None, act });
    }

    pub fn add_schedule(&mut self, plan: Plan) {
        let due = match plan.start {
            Start::AfterPeriod => self.after(plan.period.max(Duration::from_nanos(1))),
            Start::In(delay) => self.after(delay),
            Start::At(offset) => self.at(offset),
        };
        self.add(Timer { due, state: State::Done, runs: 0, is_watched: false, plan: Some(plan), act: plan.act });
    }

    fn add(&mut self, timer: Timer) {
        let id = self.timers.len();
        let never_runs = timer.plan.is_some_and(|plan| plan.max_runs == Some(0));
        self.timers.push(timer);
        if self.is_closed {
            self.timers[id].state = State::ShutDown;
        } else if never_runs {
            self.timers[id].state = State::Done;
        } else {
            self.arm(id);
        }
    }

    fn arm(&mut self, id: usize) {
        if self.timers[id].due > self.now {
            self.armed += 1;
            self.timers[id].state = State::Armed(self.armed);
        } else {
            self.timers[id].state = State::Queued;
            self.queue.push_back(id);
        }
    }

    /// The worker runs what is queued.
    pub fn run_queued(&mut self) {
        while let Some(id) = (!self.is_held).then(|| self.queue.pop_front()).flatten() {
            self.run(id);
        }
    }

    fn run(&mut self, id: usize) {
        let timer = &mut self.timers[id];
        timer.runs += 1;
        timer.state = State::Running { stops: false };
        let (run, plan) = (timer.runs, timer.plan);
        self.events.push(Event::Run { time: self.now - BEGINNING, id, run });
        let acts = plan.is_none_or(|plan| run % plan.at == 0);
        let panics = acts && self.timers[id].act == Act::Panic;
        self.panics += u64::from(panics);
        if acts {
            self.act(id);
        }
        let Some(plan) = plan else {
            self.timers[id].state = if panics { State::Panicked } else { State::Done };
            return;
        };
        let stops = self.timers[id].state == State::Running { stops: true };
        if stops || plan.max_runs.is_some_and(|max| run >= max) || self.is_closed {
            self.timers[id].state = if stops { State::Cancelled } else { State::Done };
            return;
        }
        self.timers[id].due = next(&plan, self.timers[id].due, self.now);
        self.arm(id);
    }

    fn act(&mut self, id: usize) {
        match self.timers[id].act {
            Act::Nothing | Act::Panic => {}
            Act::Later(delay) => self.add_job(self.after(delay), true, Act::Nothing),
            Act::Schedule { period, max_runs } => self.add_schedule(child(period, max_runs)),
            Act::CancelItself => self.act_cancel(id),
            Act::CancelOther(which) => self.act_cancel(which % self.timers.len()),
            Act::CancelTimers => {
                let count = self.cancel_timers();
                self.events.push(Event::CancelTimers(count));
            }
        }
    }

    fn act_cancel(&mut self, id: usize) {
        if let Some(cancelled) = self.cancel(id) {
            self.events.push(Event::Cancel(id, cancelled));
        }
    }

    /// Cancels one. `None`: nobody can.
    pub fn cancel(&mut self, id: usize) -> Option<bool> {
        let timer = &mut self.timers[id];
        if timer.plan.is_none() && !timer.is_watched {
            return None;
        }
        Some(match timer.state {
            State::Armed(_) | State::Queued => {
                self.end(id, State::Cancelled);
                true
            }
            State::Running { stops: false } if timer.plan.is_some() => {
                timer.state = State::Running { stops: true };
                true
            }
            _ => false,
        })
    }

    fn end(&mut self, id: usize, state: State) {
        self.queue.retain(|queued| *queued != id);
        self.timers[id].state = state;
    }

    fn ids(&self, which: impl Fn(&Timer) -> bool) -> Vec<usize> {
        (0..self.timers.len()).filter(|id| which(&self.timers[*id])).collect()
    }

    /// All jobs that are not due, and all schedules.
    pub fn cancel_timers(&mut self) -> usize {
        let jobs = self.ids(|timer| timer.plan.is_none() && matches!(timer.state, State::Armed(_)));
        jobs.iter().for_each(|id| self.end(*id, State::Cancelled));
        let schedules = self.ids(|timer| timer.plan.is_some());
        jobs.len() + schedules.into_iter().filter(|id| self.cancel(*id) == Some(true)).count()
    }

    /// All jobs that are queued.
    pub fn cancel_pending(&mut self) -> usize {
        let jobs = self.ids(|timer| timer.plan.is_none() && timer.state == State::Queued);
        jobs.iter().for_each(|id| self.end(*id, State::Cancelled));
        jobs.len()
    }

    /// The clock goes from deadline to deadline. False: there are more runs than anybody has time for.
    pub fn advance(&mut self, delay: Duration, limit: usize) -> bool {
        let (end, limit) = (self.after(delay).min(u64::MAX - 1), self.events.len() + limit);
        self.run_queued();
        while let Some(due) = self.next_due().filter(|due| *due <= end) {
            self.now = due;
            let place = |id: &usize| match self.timers[*id].state {
                State::Armed(place) if self.timers[*id].due == due => Some(place),
                _ => None,
            };
            let mut all = self.ids(|timer| matches!(timer.state, State::Armed(_)) && timer.due == due);
            all.sort_by_key(place);
            for id in all {
                self.timers[id].state = State::Queued;
                self.queue.push_back(id);
            }
            self.run_queued();
            if self.events.len() > limit {
                return false;
            }
        }
        self.now = end;
        true
    }

    pub fn next_due(&self) -> Option<u64> {
        let armed = self.timers.iter().filter(|timer| matches!(timer.state, State::Armed(_)));
        armed.map(|timer| timer.due).min()
    }

    /// The timers end, and with `now` what is queued.
    pub fn close(&mut self, now: bool) {
        self.is_closed = true;
        let all = self.ids(|timer| matches!(timer.state, State::Armed(_)) || now && timer.state == State::Queued);
        all.into_iter().for_each(|id| self.end(id, State::ShutDown));
    }

    pub fn delayed(&self) -> usize {
        self.ids(|timer| timer.plan.is_none() && matches!(timer.state, State::Armed(_))).len()
    }

    pub fn scheduled(&self) -> usize {
        self.ids(|timer| timer.plan.is_some() && !timer.state.has_ended()).len()
    }
}

/// The schedule that a run makes.
pub fn child(period: Duration, max_runs: u64) -> Plan {
    let (start, max_runs) = (Start::AfterPeriod, Some(max_runs));
    Plan { period, is_delay: false, missed: None, start, max_runs, act: Act::Nothing, at: 1 }
}

/// When the run after one that was due at `due`, and has ended `now`, is due.
fn next(plan: &Plan, due: u64, now: u64) -> u64 {
    let (period, due, now) = (u128::from(nanos(plan.period).max(1)), u128::from(due), u128::from(now));
    let tick = due + period;
    let next = match plan.missed.unwrap_or_default() {
        _ if plan.is_delay => now + period,
        _ if tick >= now => tick,
        MissedTick::Burst => tick,
        MissedTick::Delay => now + period,
        _ => due + (now - due).div_ceil(period) * period,
    };
    next.try_into().unwrap_or(u64::MAX)
}
