//! What a script can say.

use std::time::Duration;

use arbitrary::{Arbitrary, Result, Unstructured};

#[derive(Debug, Arbitrary)]
pub struct Script {
    pub settings: Settings,
    pub steps: Steps,
    /// What another thread does meanwhile.
    pub meanwhile: Steps,
    pub end: End,
}

#[derive(Debug, Arbitrary)]
pub struct Settings {
    pub threads: u8,
    pub spare_threads: u8,
    pub capacity: Option<u8>,
    pub helps: bool,
    pub real_clock: bool,
    pub permits: u8,
    pub set_capacity: Option<u8>,
}

#[derive(Debug)]
pub struct Steps(pub Vec<Step>);

const LONGEST: usize = 40;

impl<'a> Arbitrary<'a> for Steps {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let len = u.int_in_range(0..=LONGEST)?;
        (0..len).map(|_| u.arbitrary()).collect::<Result<_>>().map(Steps)
    }
}

#[derive(Debug, Clone, Copy, Arbitrary)]
pub enum End {
    Shutdown,
    ShutdownNow,
    ShutdownTimeout(u8),
    Drop,
    DropInJob,
    DropInDestructor,
}

/// A time: mostly short, sometimes none, sometimes for ever.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub struct Delay(u8);

impl Delay {
    pub fn duration(self) -> Duration {
        match self.0 {
            255 => Duration::MAX,
            254 => Duration::from_nanos(u64::MAX),
            253 => Duration::from_secs(86_400 * 365),
            252 => Duration::from_nanos(1),
            n => Duration::from_micros(50 * u64::from(n)),
        }
    }

    /// At most some milliseconds: to wait for on a real clock.
    pub fn short(self) -> Duration {
        Duration::from_micros(u64::from(self.0))
    }
}

/// How a job ends, and what is left of it.
#[derive(Debug, Clone, Copy, PartialEq, Arbitrary)]
pub enum Ending {
    Return,
    Panic,
    ResultPanicsInDrop,
    ClosurePanicsInDrop,
    PayloadPanicsInDrop,
}

/// A job that only ends.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub struct Leaf {
    pub is_large: bool,
    pub ending: Ending,
}

/// What a job does, one after another.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub enum Act {
    Spawn(Leaf),
    SpawnFirst,
    SpawnLater(Delay),
    SubmitAndJoin(Leaf),
    SubmitAndJoinTimeout(Leaf, Delay),
    SubmitLaterAndWait(Delay, Leaf, Delay),
    SubmitAndCancel(Leaf),
    AddToSet(Leaf),
    TakeFromSet,
    Scope(u8, Leaf),
    Join(Leaf, Leaf),
    Loop(u8),
    Broadcast,
    TryAcquire(u8),
    AcquireTimeout(Delay),
    Release,
    CancelPending,
    CancelTimers,
    Shutdown,
    ShutdownNow,
    Yield,
    Blocking,
    Schedule(Delay, u8),
}

#[derive(Debug, Clone, Arbitrary)]
pub struct Job {
    pub acts: [Option<Act>; 3],
    pub leaf: Leaf,
}

#[derive(Debug, Clone, Arbitrary)]
pub enum Step {
    Spawn(Job),
    SpawnFirst(Job),
    SpawnLater(Delay, Job),
    SpawnBatch(u8, Leaf),
    Submit(Job),
    SubmitFirst(Job),
    SubmitLater(Delay, Job),
    TrySubmit(Job),
    Schedule { period: Delay, fixed_delay: bool, start: Option<Delay>, missed: u8, runs: u8, leaf: Leaf },
    CancelSchedule(u8),
    OnComplete(u8, Leaf),
    Cancel(u8),
    CancelByToken(u8),
    Join(u8),
    JoinTimeout(u8, Delay),
    TryJoin(u8),
    Poll(u8),
    Detach(u8),
    Advance(Delay),
    SetSubmit(Job),
    SetSubmitFirst(Leaf),
    SetSubmitLater(Delay, Leaf),
    SetSubmitIter(u8, Leaf),
    SetNext(Delay),
    SetTryNext,
    SetCancel(u8),
    SetCancelAll,
    SetReplace(Option<u8>),
    TryAcquire(u8),
    AcquireTimeout(u8, Delay),
    AcquireAndDropFuture,
    ReleasePermits,
    CloseSemaphore,
    Install(Job),
    Scope(u8, Job),
    ForkJoin(Job, Leaf),
    Map(u8, Option<u8>),
    Broadcast(Option<u8>),
    Stream { items: u8, buffer: u8, taken: u8, in_order: bool, leaf: Leaf },
    CancelPending,
    CancelTimers,
    WaitIdle,
    WaitIdleTimeout(Delay),
    Look,
    Shutdown,
    ShutdownNow,
    ShutdownTimeout(Delay),
}
