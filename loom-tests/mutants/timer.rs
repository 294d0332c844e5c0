//! `src/timer`, `src/job/periodic.rs` and `src/registry/timing.rs`: delayed and periodic jobs.

use crate::Mutant;

const INBOX: &str = "src/timer/inbox.rs";
const TIMERS: &str = "src/timer/mod.rs";
const STATE: &str = "src/job/state.rs";
const CELL: &str = "src/job/cell.rs";
const PERIODIC: &str = "src/job/periodic.rs";
const REFERENCE: &str = "src/job/reference.rs";
const TIMING: &str = "src/registry/timing.rs";
const LIFECYCLE: &str = "src/registry/lifecycle.rs";

pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "timer: the inbox publishes nothing",
        file: INBOX,
        find: "compare_exchange_weak(newest, node.as_ptr(), Ordering::SeqCst, Ordering::Relaxed)",
        replace: "compare_exchange_weak(newest, node.as_ptr(), Ordering::Relaxed, Ordering::Relaxed)",
        models: "timer::",
    },
    Mutant {
        name: "timer: who takes the inbox acquires nothing",
        file: INBOX,
        find: "swap(std::ptr::null_mut(), Ordering::AcqRel)",
        replace: "swap(std::ptr::null_mut(), Ordering::Release)",
        models: "timer::",
    },
    Mutant {
        name: "timer: a push without compare-and-swap",
        file: INBOX,
        find: "match self.newest.compare_exchange_weak(newest, node.as_ptr(), Ordering::SeqCst, Ordering::Relaxed) {",
        replace: "match Ok::<*mut Node, *mut Node>(self.newest.swap(node.as_ptr(), Ordering::SeqCst)) {",
        models: "timer::",
    },
    Mutant {
        name: "timer: the inbox is taken by a load and a store",
        file: INBOX,
        find: "let mut left = NonNull::new(self.newest.swap(std::ptr::null_mut(), Ordering::AcqRel));",
        replace: "let mut left = NonNull::new(self.newest.load(Ordering::Acquire));
        self.newest.store(std::ptr::null_mut(), Ordering::Release);",
        models: "timer::",
    },
    Mutant {
        name: "timer: the inserter looks without a fence",
        file: TIMERS,
        find: "fence::after_exchange();
        self.tell(deadline);",
        replace: "self.tell(deadline);",
        models: "timer::",
    },
    Mutant {
        name: "timer: the inserter tells before its push",
        file: TIMERS,
        find: "// SAFETY: passed on.
        unsafe { self.inbox.push(node) };
        // Ordering: InsertFence: the push comes before the look at who sleeps; pairs with the fence in `about_to_sleep`.
        fence::after_exchange();
        self.tell(deadline);",
        replace: "self.tell(deadline);
        // SAFETY: passed on.
        unsafe { self.inbox.push(node) };
        fence::after_exchange();",
        models: "timer::",
    },
    Mutant {
        name: "timer: the inserter tells nobody",
        file: TIMERS,
        find: "fence::after_exchange();
        self.tell(deadline);",
        replace: "fence::after_exchange();",
        models: "timer::",
    },
    Mutant {
        name: "timer: whoever drains tells nobody",
        file: TIMERS,
        find: "self.tell(earliest);",
        replace: "let _ = earliest;",
        models: "timer::",
    },
    Mutant {
        name: "timer: the thread looks a last time without a fence",
        file: TIMERS,
        find: "// Ordering: SleepFence: the value comes before the look; pairs with InsertFence.
        full_fence(Ordering::SeqCst);",
        replace: "",
        models: "timer::",
    },
    Mutant {
        name: "timer: the thread does not look a last time",
        file: TIMERS,
        find: "if self.inbox.is_empty() && !self.is_closed() {",
        replace: "if !self.is_closed() {",
        models: "timer::",
    },
    Mutant {
        name: "timer: the thread says until when it sleeps after it has given the wheel away",
        file: TIMERS,
        find: "self.sleeps_until.store(until, Ordering::SeqCst);
        drop(wheel);",
        replace: "drop(wheel);
        self.sleeps_until.store(until, Ordering::SeqCst);",
        models: "timer::",
    },
    Mutant {
        name: "timer: who finds the thread asleep leaves it so",
        file: TIMERS,
        find: "Ok(_) => return self.parker.unpark(),",
        replace: "Ok(_) => return,",
        models: "timer::",
    },
    Mutant {
        name: "timer: an inserter does not look whether the timers are closed",
        file: TIMERS,
        find: "self.is_closed.load(Ordering::Relaxed)",
        replace: "false",
        models: "timer::",
    },
    Mutant {
        name: "timer: an empty inbox is not exchanged, so an inserter does not learn of the end",
        file: INBOX,
        find: "self.about.store(0, Ordering::Relaxed);",
        replace: "self.about.store(0, Ordering::Relaxed);
        if self.is_empty() {
            return;
        }",
        models: "timer::",
    },
    Mutant {
        name: "timer: whoever closes lets the thread sleep",
        file: TIMERS,
        find: "self.is_closed.store(true, Ordering::Release);
        self.parker.unpark();",
        replace: "self.is_closed.store(true, Ordering::Release);",
        models: "timer::",
    },
    Mutant {
        name: "timer: a sweep keeps tombstones",
        file: TIMERS,
        find: "let executed = unsafe { Header::execute(job, Verb::Settle(place)) };
    executed != Executed::Tombstone",
        replace: "let executed = unsafe { Header::execute(job, Verb::Settle(place)) };
    executed == executed",
        models: "timer::",
    },
    Mutant {
        name: "timer: a cancelled job leaves the wheel and is not freed",
        file: TIMERS,
        find: "let live = is_live(job);
            debug_assert!(!live, \"a job that has ended is a tombstone\");",
        replace: "let _ = job;",
        models: "timer::a_cancelled_job timer::two_cancelled timer::a_job_that_leaves timer::a_schedule_that_leaves",
    },
    Mutant {
        name: "timer: a cancel takes out whatever lies at the place",
        file: TIMERS,
        find: "wheel.remove(node.place()?, |job| job.0 == node.job())?",
        replace: "wheel.remove(node.place()?, |_| true)?",
        models: "timer::a_cancelled_job timer::two_cancelled timer::a_job_that_leaves timer::a_schedule_that_leaves",
    },
    Mutant {
        name: "timer: a job that left the wheel is counted as a tombstone, too",
        file: TIMERS,
        find: "debug_assert!(!live, \"a job that has ended is a tombstone\");",
        replace: "debug_assert!(!live, \"a job that has ended is a tombstone\");
            self.tombstones.fetch_add(1, Ordering::Relaxed);",
        models: "timer::a_cancelled_job timer::two_cancelled timer::a_job_that_leaves timer::a_schedule_that_leaves",
    },
    Mutant {
        name: "timer: a tombstone in the inbox is not counted when it is freed",
        file: TIMERS,
        find: "self.met_tombstone();
                return;",
        replace: "return;",
        models: "timer::a_cancel_meets_a_job_on_its_way",
    },
    Mutant {
        name: "timer: a run of a schedule is counted after it has begun",
        file: PERIODIC,
        find: "let run = if to == RUNNING { ONE_RUN } else { 0 };",
        replace: "let run = if to == ARMED { ONE_RUN } else { 0 };",
        models: "timer::a_cancel_meets_a_run",
    },
    Mutant {
        name: "timer: a job becomes due whatever it is",
        file: STATE,
        find: "(word.phase() == Phase::Delayed).then(|| word.with_phase(Phase::Queued))",
        replace: "Some(word.with_phase(Phase::Queued))",
        models: "timer::",
    },
    Mutant {
        name: "timer: one who waits claims whatever it is",
        file: STATE,
        find: "(word.phase() == Phase::Delayed).then(|| word.with_phase(Phase::Running))",
        replace: "Some(word.with_phase(Phase::Running))",
        models: "timer::",
    },
    Mutant {
        name: "timer: a cancel in one step tells nobody",
        file: STATE,
        find: "word.phase() == Phase::Delayed && !word.has_waiter()",
        replace: "word.phase() == Phase::Delayed",
        models: "timer::",
    },
    Mutant {
        name: "timer: a cancel in one step forgets the closure",
        file: CELL,
        find: "is_quiet: !needs_drop::<F>()",
        replace: "is_quiet: true",
        models: "timer::",
    },
    Mutant {
        name: "timer: a fired tombstone is kept",
        file: CELL,
        find: "Verb::Fire if cell.head().word.become_due() => {",
        replace: "Verb::Fire if cell.head().word.become_due() || true => {",
        models: "timer::",
    },
    Mutant {
        name: "timer: a job that is run in place is due for ever",
        file: CELL,
        find: "unsafe { Self::run(head, owner, release) };
        owner.timekeeper().inspect(|timekeeper| timekeeper.due_over());",
        replace: "unsafe { Self::run(head, owner, release) };",
        models: "timer::",
    },
    Mutant {
        name: "timer: a cancelled job is due for ever",
        file: REFERENCE,
        find: "timekeeper.filter(|_| phase == Phase::Queued)",
        replace: "timekeeper.filter(|_| phase == Phase::Running)",
        models: "timer::",
    },
    Mutant {
        name: "timer: a schedule's state moves whatever it is",
        file: PERIODIC,
        find: "Err(found) if found & PHASE == from => state = found,
                Err(_) => return false,",
        replace: "Err(found) if found & PHASE == from || found & PHASE == ENDED => return false,
                Err(found) => return self.state.swap((found & !PHASE | to) + run, Ordering::AcqRel) & PHASE != ENDED,",
        models: "timer::",
    },
    Mutant {
        name: "timer: a schedule's state publishes nothing",
        file: PERIODIC,
        find: "self.state.compare_exchange(before, after, Ordering::AcqRel, Ordering::Acquire)",
        replace: "self.state.compare_exchange(before, after, Ordering::Acquire, Ordering::Acquire)",
        models: "timer::",
    },
    Mutant {
        name: "timer: a schedule's state acquires nothing",
        file: PERIODIC,
        find: "self.state.compare_exchange(before, after, Ordering::AcqRel, Ordering::Acquire)",
        replace: "self.state.compare_exchange(before, after, Ordering::Release, Ordering::Relaxed)",
        models: "timer::",
    },
    Mutant {
        name: "timer: a schedule is armed although it was cancelled in its run",
        file: PERIODIC,
        find: "let armed = self.advance(RUNNING, ARMED);",
        replace: "self.set(ARMED);
            let armed = true;",
        models: "timer::",
    },
    Mutant {
        name: "timer: a schedule is handed to the timers before its state says so",
        file: PERIODIC,
        find: "let armed = self.advance(RUNNING, ARMED);
            if armed {
                let _ = Arc::into_raw(reference);
                // SAFETY: the timers' reference, given up just now.
                unsafe { timekeeper.arm(node) };
            }
            return armed;",
        replace: "let _ = Arc::into_raw(reference);
            unsafe { timekeeper.arm(node) };
            return self.advance(RUNNING, ARMED);",
        models: "timer::",
    },
    Mutant {
        name: "timer: a schedule that is over keeps its closure",
        file: PERIODIC,
        find: "self.set(ENDING);
            self.drop_closure(Some(owner));",
        replace: "self.set(ENDED);",
        models: "timer::",
    },
    Mutant {
        name: "timer: a schedule is armed although the timers are closed, and nobody ends it",
        file: TIMING,
        find: "if is_closed {
            self.end_timed(Reason::ShutDown);
        }",
        replace: "let _ = is_closed;",
        models: "timer::a_pool",
    },
    Mutant {
        name: "timer: the end of a pool forgets the timers",
        file: LIFECYCLE,
        find: "self.close_timers();",
        replace: "",
        models: "timer::a_pool",
    },
    Mutant {
        name: "timer: what is due at once tells nobody",
        file: TIMING,
        find: "if self.fire_counted(job) {
                self.tell_of_due();
            }",
        replace: "self.fire_counted(job);",
        models: "timer::a_pool",
    },
];
