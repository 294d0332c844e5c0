//! `src/registry/idle.rs`: waiting until a pool has nothing left to do, and what it is told.

use crate::Mutant;

const IDLE: &str = "src/registry/idle.rs";
const ENDING: &str = "src/registry/ending.rs";
const REFERENCE: &str = "src/job/reference.rs";
const SLEEP: &str = "src/sleep/mod.rs";
const MODELS: &str = "closing:: pool::cancel pool::idleness";

pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "idle: an end is not counted as active",
        file: IDLE,
        find: "let nothing = resting && active(before.1) == 0 && !self.has_queued() && !self.has_mail();",
        replace: "let nothing = resting && !self.has_queued() && !self.has_mail();",
        models: MODELS,
    },
    Mutant {
        name: "idle: jobs are queued",
        file: IDLE,
        find: "let nothing = resting && active(before.1) == 0 && !self.has_queued() && !self.has_mail();",
        replace: "let nothing = resting && active(before.1) == 0 && !self.has_mail();",
        models: MODELS,
    },
    Mutant {
        name: "idle: workers are awake",
        file: IDLE,
        find: "let nothing = resting && active(before.1) == 0 && !self.has_queued() && !self.has_mail();",
        replace: "let nothing = (resting || true) && active(before.1) == 0 && !self.has_queued() && !self.has_mail();",
        models: MODELS,
    },
    Mutant {
        name: "idle: the workers have left, and that is no rest",
        file: IDLE,
        find: "self.lifecycle.is_drained() || self.sleep.all_asleep()",
        replace: "self.sleep.all_asleep()",
        models: MODELS,
    },
    Mutant {
        name: "idle: the versions are not compared",
        file: IDLE,
        find: "nothing && before == (self.sleep.version(), self.idle.endings.load(Ordering::Acquire))",
        replace: "nothing && before.1 == self.idle.endings.load(Ordering::Acquire)",
        models: MODELS,
    },
    Mutant {
        name: "idle: nothing is compared",
        file: IDLE,
        find: "nothing && before == (self.sleep.version(), self.idle.endings.load(Ordering::Acquire))",
        replace: "nothing",
        models: MODELS,
    },
    Mutant {
        name: "idle: the last end tells nobody",
        file: IDLE,
        find: "full_fence(Ordering::SeqCst);
            self.tell();",
        replace: "full_fence(Ordering::SeqCst);",
        models: MODELS,
    },
    Mutant {
        name: "idle: no fence between the last end and the look at the waiters",
        file: IDLE,
        find: "full_fence(Ordering::SeqCst);
            self.tell();",
        replace: "self.tell();",
        models: MODELS,
    },
    Mutant {
        name: "idle: who is told sees no new turn",
        file: IDLE,
        find: "self.turn.fetch_add(1, Ordering::Release);",
        replace: "",
        models: MODELS,
    },
    Mutant {
        name: "idle: who sleeps is not woken",
        file: IDLE,
        find: "self.turn.wake_all();",
        replace: "",
        models: MODELS,
    },
    Mutant {
        name: "idle: a waiter looks before it announces itself",
        file: IDLE,
        find: "self.idle.waiters.fetch_add(1, Ordering::AcqRel);
        let idle = loop {
            let turn = self.idle.turn.load(Ordering::Acquire);
            // Ordering: our announcement in `waiters` comes before the look; pairs with the fences before `tell`.
            full_fence(Ordering::SeqCst);
            if self.is_idle() {
                break true;
            }",
        replace: "let idle = loop {
            let turn = self.idle.turn.load(Ordering::Acquire);
            full_fence(Ordering::SeqCst);
            if self.is_idle() {
                self.idle.waiters.fetch_add(1, Ordering::AcqRel);
                break true;
            }
            self.idle.waiters.fetch_add(1, Ordering::AcqRel);",
        models: MODELS,
    },
    Mutant {
        name: "idle: a waiter loads the turn after its look",
        file: IDLE,
        find: "self.idle.turn.wait(turn, left)",
        replace: "self.idle.turn.wait(self.idle.turn.load(Ordering::Acquire).max(turn), left)",
        models: MODELS,
    },
    Mutant {
        name: "idle: the last worker that parks tells nobody",
        file: IDLE,
        find: "if all_asleep {
            self.idle.tell();",
        replace: "if false && all_asleep {
            self.idle.tell();",
        models: MODELS,
    },
    Mutant {
        name: "idle: a cancel of all counts as an end after it has taken the jobs",
        file: ENDING,
        find: "self.begin_ending();
        let in_hand = take();",
        replace: "let in_hand = take();
        self.begin_ending();",
        models: MODELS,
    },
    Mutant {
        name: "idle: all are asleep who are absent or search",
        file: SLEEP,
        find: "counters.searchers == 0 && counters.sleepers as usize + absent == self.workers.len()",
        replace: "(counters.searchers + counters.sleepers) as usize + absent == self.workers.len()",
        models: MODELS,
    },
    Mutant {
        name: "idle: whether all are asleep is not asked",
        file: SLEEP,
        find: "before_park(self.all_asleep());",
        replace: "before_park(false);",
        models: MODELS,
    },
];

pub const UNSEEN: &[Mutant] = &[
    // The next three: the fence after the load acquires the same.
    Mutant {
        name: "idle: the version is loaded with Relaxed",
        file: SLEEP,
        find: "self.word.load(Ordering::Acquire)
    }",
        replace: "self.word.load(Ordering::Relaxed)
    }",
        models: MODELS,
    },
    Mutant {
        name: "idle: the sleepers are counted with Relaxed",
        file: SLEEP,
        find: "let counters = Counters::unpack(self.word.load(Ordering::Acquire));
        // Afterwards",
        replace: "let counters = Counters::unpack(self.word.load(Ordering::Relaxed));
        // Afterwards",
        models: MODELS,
    },
    Mutant {
        name: "idle: the ends are first loaded with Relaxed",
        file: IDLE,
        find: "let before = (self.sleep.version(), self.idle.endings.load(Ordering::Acquire));",
        replace: "let before = (self.sleep.version(), self.idle.endings.load(Ordering::Relaxed));",
        models: MODELS,
    },
    // The next two: a worker that comes changes the version, and so ends the look in vain.
    Mutant {
        name: "idle: the absent are counted with Relaxed",
        file: SLEEP,
        find: "let absent = self.absent.load(Ordering::Acquire) + self.departed.load(Ordering::Acquire);",
        replace: "let absent = self.absent.load(Ordering::Relaxed) + self.departed.load(Ordering::Relaxed);",
        models: MODELS,
    },
    Mutant {
        name: "idle: the absent are counted first",
        file: SLEEP,
        find: "let counters = Counters::unpack(self.word.load(Ordering::Acquire));
        // Afterwards: who departs meanwhile has ended what it did.
        let absent = self.absent.load(Ordering::Acquire) + self.departed.load(Ordering::Acquire);",
        replace: "let absent = self.absent.load(Ordering::Acquire) + self.departed.load(Ordering::Acquire);
        let counters = Counters::unpack(self.word.load(Ordering::Acquire));",
        models: MODELS,
    },
    // Ends that begin and finish between the two looks at their count put a job back only together with a wake-up, which changes the version.
    Mutant {
        name: "idle: ends do not change their count for ever",
        file: IDLE,
        find: "self.endings.fetch_add(ONE_BEGUN + ONE_ACTIVE, Ordering::AcqRel);",
        replace: "self.endings.fetch_add(ONE_ACTIVE, Ordering::AcqRel);",
        models: MODELS,
    },
    // The exchange that takes the job from its queue publishes it.
    Mutant {
        name: "idle: an end begins with Relaxed",
        file: IDLE,
        find: "self.endings.fetch_add(ONE_BEGUN + ONE_ACTIVE, Ordering::AcqRel);",
        replace: "self.endings.fetch_add(ONE_BEGUN + ONE_ACTIVE, Ordering::Relaxed);",
        models: MODELS,
    },
    // The fence after it acquires, if it was the last; if not, there is nothing to see.
    Mutant {
        name: "idle: an end finishes with Release only",
        file: IDLE,
        find: "self.endings.fetch_sub(ONE_ACTIVE, Ordering::AcqRel)",
        replace: "self.endings.fetch_sub(ONE_ACTIVE, Ordering::Release)",
        models: MODELS,
    },
    // The next two: each of these fences does what the other does for a waiter's announcement, and the loads before them acquire.
    Mutant {
        name: "idle: no fence before the looks",
        file: IDLE,
        find: "full_fence(Ordering::SeqCst);
        let resting",
        replace: "let resting",
        models: MODELS,
    },
    Mutant {
        name: "idle: a waiter without its fence",
        file: IDLE,
        find: "full_fence(Ordering::SeqCst);
            if self.is_idle() {",
        replace: "if self.is_idle() {",
        models: MODELS,
    },
    // The looks before it acquire from the queues what is needed to see the newer word; only an express job submitted at the same time is overlooked.
    Mutant {
        name: "idle: no fence after the looks",
        file: IDLE,
        find: "full_fence(Ordering::SeqCst);
        nothing &&",
        replace: "nothing &&",
        models: MODELS,
    },
    // The fences before each call, and after a waiter's load, do the same.
    Mutant {
        name: "idle: a new turn comes with Relaxed",
        file: IDLE,
        find: "self.turn.fetch_add(1, Ordering::Release);",
        replace: "self.turn.fetch_add(1, Ordering::Relaxed);",
        models: MODELS,
    },
    // Who sees the workers asleep again after an end has taken their job acquires its begin with the version, and so counts it at the first look.
    Mutant {
        name: "idle: the ends are not compared",
        file: IDLE,
        find: "nothing && before == (self.sleep.version(), self.idle.endings.load(Ordering::Acquire))",
        replace: "nothing && before.0 == self.sleep.version()",
        models: MODELS,
    },
    // The loads acquire, each before the next; a waiter's own fence is left.
    Mutant {
        name: "idle: the looks are not kept in their order",
        file: IDLE,
        find: "full_fence(Ordering::SeqCst);
        let resting = self.lifecycle.is_drained() || self.sleep.all_asleep();
        let nothing = resting && active(before.1) == 0 && !self.has_queued() && !self.has_mail();
        full_fence(Ordering::SeqCst);",
        replace: "let resting = self.lifecycle.is_drained() || self.sleep.all_asleep();
        let nothing = resting && active(before.1) == 0 && !self.has_queued() && !self.has_mail();",
        models: MODELS,
    },
    // Under the model every cancel sweeps after its callback, and the queues publish what it did. A real pool sweeps rarely.
    Mutant {
        name: "idle: an end finishes with Acquire only",
        file: IDLE,
        find: "self.endings.fetch_sub(ONE_ACTIVE, Ordering::AcqRel)",
        replace: "self.endings.fetch_sub(ONE_ACTIVE, Ordering::Acquire)",
        models: MODELS,
    },
    // A worker that found nothing yields before it sleeps, and the checker lets the canceller run on then.
    Mutant {
        name: "idle: a cancel counts as an end after it has begun",
        file: REFERENCE,
        find: "ending::during(self.owner(), &*owner, None, || {
            let begun = self.cancel_for(Some(&*owner));",
        replace: "let begun = self.cancel_for(Some(&*owner));
        ending::during(self.owner(), &*owner, None, || {",
        models: MODELS,
    },
];
