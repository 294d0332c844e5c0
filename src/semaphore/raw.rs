//! Permits and those who wait for them, without guards.

use std::task::Waker;
use std::time::Duration;

use super::line::{Line, Node, Told, Wake};
use super::state::{MAX_PERMITS, State};
use super::wakes::Wakes;
use crate::sync::time::Deadline;
use crate::sync::{AtomicU64, Mutex, MutexGuard, Ordering, facade_const_fn, lock};
use crate::worker::Worker;

/// For so long permits may be taken by who comes by while others wait; then they are kept for the first of the line.
const PATIENCE: Duration = Duration::from_micros(500);

/// Why there is no permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// Too few are available, or were in time.
    NoPermits,
    /// The semaphore is closed.
    Closed,
    /// There can never be so many.
    TooMany,
}

/// Checks how many are asked for.
pub fn checked(count: usize) -> Result<u32, Denied> {
    u32::try_from(count).ok().filter(|count| u64::from(*count) <= MAX_PERMITS).ok_or(Denied::TooMany)
}

/// The permits.
#[derive(Debug)]
pub struct Raw {
    /// [`State`]. Changed by read-modify-write only; what belongs to the line is changed by who holds its lock.
    word: AtomicU64,
    line: Mutex<Line>,
}

impl Raw {
    facade_const_fn! {
        /// Makes a semaphore with so many permits.
        pub const fn new(permits: u32) -> Self {
            Self { word: AtomicU64::new(State::permits_as_word(permits)), line: Mutex::new(Line::new()) }
        }
    }

    /// The word now.
    pub fn state(&self) -> State {
        // Ordering: Acquire: who sees that it is closed sees what came before the close.
        State(self.word.load(Ordering::Acquire))
    }

    /// Takes permits that anybody may take.
    #[inline(always)]
    pub fn try_take(&self, need: u32) -> Result<(), Denied> {
        let mut state = State(self.word.load(Ordering::Relaxed));
        while let Some(taken) = state.taken(need) {
            // Ordering: Acquire pairs with the Release in `put_back`.
            match self.word.compare_exchange_weak(state.0, taken.0, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return Ok(()),
                Err(newer) => state = State(newer),
            }
        }
        Err(if state.is_closed() { Denied::Closed } else { Denied::NoPermits })
    }

    /// Gives back permits that have been taken.
    #[inline(always)]
    pub fn put_back(&self, count: u32) {
        // Ordering: Release: what the holder did comes before what the next one does. All changes of the word are read-modify-writes, so this one is
        // seen through the others.
        let before = State(self.word.fetch_add(State::permits_as_word(count), Ordering::Release));
        if before.needs_attention(count) {
            self.after_put_back();
        }
    }

    #[cold]
    fn after_put_back(&self) {
        if self.state().permits() > MAX_PERMITS {
            self.clamp();
        }
        self.settle(lock(&self.line));
    }

    /// More permits have come back than there may be: more were added than existed while these were out.
    fn clamp(&self) {
        let excess = |word| {
            let state = State(word);
            (state.permits() > MAX_PERMITS).then(|| state.clamped().0)
        };
        let _ = self.word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, excess);
    }

    /// Adds permits. False: there would be too many.
    pub fn add(&self, count: u32) -> bool {
        let more = |word| {
            let fits = State(word).permits() + u64::from(count) <= MAX_PERMITS;
            fits.then(|| word + State::permits_as_word(count))
        };
        // Ordering: Release, as in `put_back`.
        match self.word.fetch_update(Ordering::Release, Ordering::Relaxed, more) {
            Ok(before) if State(before).needs_attention(count) => self.settle(lock(&self.line)),
            Ok(_) => {}
            Err(_) => return false,
        }
        true
    }

    /// Blocks until there are permits for this thread. It does not look again and again before: that made a fight for one permit 15 % slower
    /// (`docs/design.md`).
    #[cold]
    pub fn take_waiting(&self, need: u32, deadline: Deadline) -> Result<(), Denied> {
        let node = Node::new(need, None);
        // SAFETY: the node lies in this frame, which is left only when it is out of the line: if a waker that we call panics, it is out by then.
        if let Some(result) = unsafe { self.enter_line(&node) } {
            return result;
        }
        Worker::lending(|| self.wait_in_line(&node, deadline))
    }

    /// A thread waits until the node is out of the line.
    fn wait_in_line(&self, node: &Node, deadline: Deadline) -> Result<(), Denied> {
        loop {
            let result = match node.wait(deadline) {
                Some(Told::Granted) => Some(Ok(())),
                Some(Told::Closed) => Some(Err(Denied::Closed)),
                Some(_) => self.look(node),
                None => Some(self.leave_line(node, true)),
            };
            if let Some(result) = result {
                return result;
            }
        }
    }

    /// Puts the node at the end of the line, unless it need not wait.
    ///
    /// # Safety
    ///
    /// It is in no line, and stays where it is until it is out of this one: until it is told so, or has left.
    pub unsafe fn enter_line(&self, node: &Node) -> Option<Result<(), Denied>> {
        let mut line = lock(&self.line);
        // Ordering: Acquire for permits that are taken. If there are too few, the word says from then on that somebody waits: who puts some back later sees it.
        let taken = |state: State| state.taken(node.need());
        let before = self.update(|state| match taken(state) {
            Some(taken) => taken,
            None if state.is_closed() => state,
            None => state.waiting(),
        });
        if before.is_closed() {
            return Some(Err(Denied::Closed));
        }
        if taken(before).is_some() {
            return Some(Ok(()));
        }
        // SAFETY: passed on.
        unsafe { line.push(node) };
        None
    }

    /// The first of the line, a thread that was woken, takes its permits if nobody else has. `None`: it waits again.
    fn look(&self, node: &Node) -> Option<Result<(), Denied>> {
        let has_waited_long = node.since().has_passed(PATIENCE);
        let mut line = lock(&self.line);
        if node.told() == Told::Closed {
            return Some(Err(Denied::Closed));
        }
        // It no longer looks for itself, by the same change of the word that says there are no permits: who puts some back later wakes it.
        let before = self.update(|state| match state.without_promises() {
            next if state.has(node.need()) => next.less(node.need()),
            next if has_waited_long => next.reserved(),
            next => next,
        });
        if !before.has(node.need()) {
            line.found_nothing(node);
            return None;
        }
        line.remove(node);
        self.settle_with(line, Some(node.need()));
        Some(Ok(()))
    }

    /// One in the line gives up; `wants`: unless there are permits for it. `Ok`: it has them.
    pub fn leave_line(&self, node: &Node, wants: bool) -> Result<(), Denied> {
        let mut line = lock(&self.line);
        match node.told() {
            Told::Granted => return Ok(()),
            Told::Closed => return Err(Denied::Closed),
            Told::Nothing | Told::NothingYet | Told::Look => {}
        }
        let is_front = line.is_front(node);
        let takes = |state: State| wants && state.has(node.need()) && (is_front || !state.is_reserved());
        let before = self.update(|state| {
            // What was promised to it, or expected of it, goes to the next in `settle`.
            let next = if is_front { state.without_promises() } else { state };
            if takes(state) { next.less(node.need()) } else { next }
        });
        line.remove(node);
        let taken = takes(before).then_some(node.need());
        self.settle_with(line, taken);
        taken.map(drop).ok_or(Denied::NoPermits)
    }

    /// A task in the line is polled again. `None`: it waits on.
    pub fn poll_in_line(&self, node: &Node, waker: &Waker) -> Option<Result<(), Denied>> {
        let is_known = |told| match told {
            Told::Granted => Some(Ok(())),
            Told::Closed => Some(Err(Denied::Closed)),
            Told::Nothing | Told::NothingYet | Told::Look => None,
        };
        {
            let line = lock(&self.line);
            let known = is_known(node.told());
            if known.is_some() || line.wakes(node, waker) {
                return known;
            }
        }
        // Cloning and dropping a waker is foreign code: not under the lock.
        let newer = waker.clone();
        let line = lock(&self.line);
        let known = is_known(node.told());
        let older = if known.is_some() { Some(newer) } else { line.replace_waker(node, newer) };
        drop(line);
        drop(older);
        known
    }

    /// Sends everybody away, now and from now on.
    pub fn close(&self) {
        let mut line = lock(&self.line);
        // Ordering: AcqRel: who sees it sees what came before.
        self.word.fetch_or(State::CLOSED, Ordering::AcqRel);
        let mut wakes = Wakes::new();
        while let Some(wake) = line.dismiss_front(Told::Closed) {
            wakes.push(wake);
            if wakes.is_full() {
                drop(line);
                wakes.give();
                line = lock(&self.line);
            }
        }
        self.word.fetch_and(!State::OF_THE_LINE, Ordering::Relaxed);
        drop(line);
        wakes.finish();
    }

    /// As [`settle`](Self::settle), by one who has just taken permits, which are not lost if a waker panics.
    fn settle_with(&self, line: MutexGuard<'_, Line>, taken: Option<u32>) {
        struct PutBack<'a>(&'a Raw, u32);
        impl Drop for PutBack<'_> {
            fn drop(&mut self) {
                self.0.put_back(self.1);
            }
        }
        let taken = taken.map(|count| PutBack(self, count));
        self.settle(line);
        std::mem::forget(taken);
    }

    /// Sees to it that the first of the line gets what is there: called whenever there may be more permits, or another front.
    fn settle<'a>(&'a self, mut line: MutexGuard<'a, Line>) {
        let mut wakes = Wakes::new();
        while let Some(wake) = self.settle_front(&mut line) {
            wakes.push(wake);
            if wakes.is_full() {
                drop(line);
                wakes.give();
                line = lock(&self.line);
            }
        }
        drop(line);
        wakes.finish();
    }

    /// One step of it. `None`: there is nothing to do now; who puts permits back later will see to it.
    fn settle_front(&self, line: &mut Line) -> Option<Wake> {
        let Some(front) = line.front() else {
            self.word.fetch_and(!State::OF_THE_LINE, Ordering::Relaxed);
            return None;
        };
        let is_task = line.is_task(front);
        let has_waited_long = || front.since().has_passed(PATIENCE);
        let is_granted = |state: State| state.has(front.need()) && (is_task || state.is_reserved());
        // Ordering: Acquire for permits that are taken, and then handed on by `tell`.
        let before = self.update(|state| {
            if state.is_woken() || state.is_closed() {
                state
            } else if is_granted(state) {
                state.less(front.need()).without_promises()
            } else if state.has(front.need()) {
                state.woken()
            } else if state.is_reserved() || !has_waited_long() {
                state
            } else {
                state.reserved()
            }
        });
        if before.is_woken() || before.is_closed() || !before.has(front.need()) {
            return None;
        }
        if is_granted(before) { line.dismiss_front(Told::Granted) } else { line.wake_front() }
    }

    /// Changes the word, and returns what it was.
    fn update(&self, next: impl Fn(State) -> State) -> State {
        let mut state = State(self.word.load(Ordering::Relaxed));
        loop {
            match self.word.compare_exchange(state.0, next(state).0, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return state,
                Err(newer) => state = State(newer),
            }
        }
    }
}
