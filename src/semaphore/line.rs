//! The line of those who wait: nodes that lie in their own frames and futures, first in, first out.

use std::marker::PhantomPinned;
use std::ptr::NonNull;
use std::task::Waker;

use crate::sync::futex::{Futex, LateWake, WaitOutcome};
use crate::sync::time::{Deadline, Stopwatch};
use crate::sync::{Ordering, UnsafeCell, before_free};

/// What a waiter is told; in its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Told {
    /// Nothing: it is in the line.
    Nothing,
    /// Nothing, and it sleeps, or is about to.
    NothingYet,
    /// It is at the front, and may look for permits.
    Look,
    /// It has its permits, and is no longer in the line.
    Granted,
    /// The semaphore has been closed, and it is no longer in the line.
    Closed,
}

impl Told {
    fn of(word: u32) -> Self {
        [Self::Nothing, Self::NothingYet, Self::Look, Self::Granted, Self::Closed][word as usize]
    }
}

/// One who waits.
#[derive(Debug)]
pub struct Node {
    told: Futex,
    need: u32,
    since: Stopwatch,
    /// Its place. For the holder of the line's lock; before and after it is in the line, its owner's.
    place: UnsafeCell<Place>,
    _pinned: PhantomPinned,
}

#[derive(Debug, Default)]
struct Place {
    ahead: Option<NonNull<Node>>,
    behind: Option<NonNull<Node>>,
    /// Of a task; a thread has none.
    waker: Option<Waker>,
}

// SAFETY: a node is used by its owner and, in the line, by the holder of the line's lock; its word is atomic.
unsafe impl Send for Node {}
// SAFETY: as above.
unsafe impl Sync for Node {}

impl Node {
    /// Makes the node of one who needs so many permits, and has waited from now on. A task has a waker.
    pub fn new(need: u32, waker: Option<Waker>) -> Self {
        let place = UnsafeCell::new(Place { waker, ..Place::default() });
        Self { told: Futex::new(Told::Nothing as u32), need, since: Stopwatch::start(), place, _pinned: PhantomPinned }
    }

    /// The permits that it needs.
    pub fn need(&self) -> u32 {
        self.need
    }

    /// How long it has waited.
    pub fn since(&self) -> &Stopwatch {
        &self.since
    }

    /// What it has been told.
    pub fn told(&self) -> Told {
        // Ordering: Acquire pairs with `tell`: who granted permits has acquired what came before their release.
        Told::of(self.told.load(Ordering::Acquire))
    }

    /// Blocks until it is told something. `None`: the time ran out first.
    pub fn wait(&self, deadline: Deadline) -> Option<Told> {
        // Ordering: Acquire, as in `told`. It fails if something has been said, or by a time limit that ran out in vain.
        let asleep = Told::NothingYet as u32;
        let _ = self.told.compare_exchange(Told::Nothing as u32, asleep, Ordering::Acquire, Ordering::Acquire);
        loop {
            match self.told() {
                Told::Nothing | Told::NothingYet => {}
                told => return Some(told),
            }
            let left = deadline.left();
            if left.is_some_and(|left| left.is_zero()) || self.told.wait(asleep, left) == WaitOutcome::TimedOut {
                return None;
            }
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        before_free(&mut *self.told);
    }
}

/// A wake-up to be given when the lock has been left.
pub enum Wake {
    /// A thread's.
    Thread(LateWake),
    /// A task's.
    Task(Waker),
    /// Nobody's: the thread is awake.
    Nobody,
}

/// The line. Whoever has a reference to it holds its lock.
#[derive(Debug)]
pub struct Line {
    front: Option<NonNull<Node>>,
    back: Option<NonNull<Node>>,
}

// SAFETY: the nodes in the line are there until they are out of it (duty of `push`).
unsafe impl Send for Line {}

impl Line {
    /// Nobody waits.
    pub const fn new() -> Self {
        Self { front: None, back: None }
    }

    /// Puts the node at the end.
    ///
    /// # Safety
    ///
    /// It is in no line, and stays where it is until it is out of this one.
    pub unsafe fn push(&mut self, node: &Node) {
        let node = NonNull::from(node);
        let ahead = self.back.replace(node);
        with(node, |place| (place.ahead, place.behind) = (ahead, None));
        match ahead {
            Some(ahead) => with(ahead, |place| place.behind = Some(node)),
            None => self.front = Some(node),
        }
    }

    /// The first.
    pub fn front(&self) -> Option<&Node> {
        // SAFETY: it is in the line.
        self.front.map(|node| unsafe { &*node.as_ptr() })
    }

    /// Whether this one is the first.
    pub fn is_front(&self, node: &Node) -> bool {
        self.front == Some(NonNull::from(node))
    }

    /// Whether it is a task that waits there, not a thread. It is in the line.
    pub fn is_task(&self, node: &Node) -> bool {
        with(NonNull::from(node), |place| place.waker.is_some())
    }

    /// Takes the node out, which is in the line.
    pub fn remove(&mut self, node: &Node) {
        let (ahead, behind) = with(NonNull::from(node), |place| (place.ahead.take(), place.behind.take()));
        match ahead {
            Some(ahead) => with(ahead, |place| place.behind = behind),
            None => self.front = behind,
        }
        match behind {
            Some(behind) => with(behind, |place| place.ahead = ahead),
            None => self.back = ahead,
        }
    }

    /// Takes the first one out and tells it why.
    pub fn dismiss_front(&mut self, told: Told) -> Option<Wake> {
        let node = self.front?;
        // SAFETY: it is in the line.
        self.remove(unsafe { node.as_ref() });
        // SAFETY: nobody has told it that it is out.
        Some(unsafe { self.tell(node, told) })
    }

    /// Tells the first one that it may look for permits.
    pub fn wake_front(&mut self) -> Option<Wake> {
        // SAFETY: it is in the line.
        self.front.map(|node| unsafe { self.tell(node, Told::Look) })
    }

    /// Tells the node something. If that is that it is out of the line, it may be gone before this returns.
    ///
    /// # Safety
    ///
    /// It is in the line, or has just been taken out and does not know yet.
    unsafe fn tell(&self, node: NonNull<Node>, told: Told) -> Wake {
        let waker = with(node, |place| place.waker.take());
        // SAFETY: it is there until it is told. The reference is to the word alone, and not used after the swap.
        let word = unsafe { &(*node.as_ptr()).told };
        let wake = word.late_wake();
        // Ordering: Release pairs with `Node::told`.
        let before = word.swap(told as u32, Ordering::Release);
        match waker {
            Some(waker) => Wake::Task(waker),
            None if before == Told::NothingYet as u32 => Wake::Thread(wake),
            None => Wake::Nobody,
        }
    }

    /// Its own answer to [`Told::Look`]: there was nothing, and it waits again.
    pub fn found_nothing(&self, node: &Node) {
        // Ordering: Relaxed: for itself, and for others under the lock.
        node.told.swap(Told::Nothing as u32, Ordering::Relaxed);
    }

    /// Whether the task in the line would be woken by that waker.
    pub fn wakes(&self, node: &Node, waker: &Waker) -> bool {
        with(NonNull::from(node), |place| place.waker.as_ref().is_some_and(|own| own.will_wake(waker)))
    }

    /// Gives the task in the line another waker, and returns the one that it had.
    pub fn replace_waker(&self, node: &Node, waker: Waker) -> Option<Waker> {
        with(NonNull::from(node), |place| place.waker.replace(waker))
    }
}

/// Reaches a node's place, under the lock.
fn with<R>(node: NonNull<Node>, f: impl FnOnce(&mut Place) -> R) -> R {
    // SAFETY: the node is in the line, or on its way in or out, so it is there; and the caller has the line, which is behind the lock.
    unsafe { node.as_ref() }.place.with_mut(|place| f(unsafe { &mut *place }))
}
