//! A computation with a thread's stack of its own, which runs only while another thread waits for it: it takes that thread's place, and may pause in the middle.
//!
//! What it leaves on its stack need not be `Send`: it never moves. This is a coroutine made of a thread; each change of
//! sides costs two wake-ups.

use std::cell::Cell;
use std::io;
use std::ptr::NonNull;
use std::sync::Arc;
use std::thread::ThreadId;

use super::{BELONGS_TO, CURRENT, Worker, stack};
use crate::job::{OwnerId, ending, frame};
use crate::sync::futex::Futex;
use crate::sync::thread::{self, JoinHandle};
use crate::sync::{Ordering, UnsafeCell, facade_thread_local};
use crate::util::contain::{Payload, contain};

/// What runs on a strand. It pauses through what it is given.
type Body<P, R> = Box<dyn FnOnce(&Pauser<'_, P, R>) -> R + Send>;

/// A strand that pauses with a `P` and ends with an `R`. Dropping it ends it: see [`Pauser::pause`].
pub struct Strand<P: Send + 'static, R: Send + 'static> {
    relay: Arc<Relay<P, R>>,
    thread: Option<JoinHandle<()>>,
    owner: OwnerId,
}

/// What a strand has to say when it hands its place back.
pub enum Said<P, R> {
    /// It shall be resumed.
    Paused(P),
    /// It has ended.
    Ended(R),
}

/// What the two sides share. The contents of the cells are the side's whose turn it is.
struct Relay<P, R> {
    turn: Futex,
    to_strand: UnsafeCell<Option<Message<P, R>>>,
    from_strand: UnsafeCell<Option<Said<P, Result<R, Payload>>>>,
}

// SAFETY: the turn goes from side to side with Release and Acquire, and what lies in the cells may cross threads.
unsafe impl<P: Send, R: Send> Send for Relay<P, R> {}
// SAFETY: as above.
unsafe impl<P: Send, R: Send> Sync for Relay<P, R> {}

enum Message<P, R> {
    Begin(Place, Body<P, R>),
    GoOn(Place),
    End(Place),
}

/// Values of `turn`.
const CALLER: u32 = 0;
const STRAND: u32 = 1;

facade_thread_local! {
    /// The thread in whose place this one runs.
    static IDENTITY: Cell<Option<ThreadId>> = Cell::new(None);
}

/// This thread, or the one in whose place it runs.
pub fn identity() -> ThreadId {
    IDENTITY.try_with(Cell::get).unwrap_or(None).unwrap_or_else(|| std::thread::current().id())
}

/// What makes a thread what it is to the pool.
pub(super) struct Place {
    worker: Option<NonNull<Worker>>,
    belongs_to: OwnerId,
    identity: Option<ThreadId>,
    frames: frame::Chain,
    endings: ending::Chain,
}

impl Place {
    const NONE: Self = Self {
        worker: None,
        belongs_to: OwnerId::NONE,
        identity: None,
        frames: frame::Chain::NONE,
        endings: ending::Chain::NONE,
    };

    pub(super) fn of_this_thread() -> Self {
        Self {
            worker: CURRENT.try_with(Cell::get).unwrap_or(None),
            belongs_to: BELONGS_TO.try_with(Cell::get).unwrap_or(OwnerId::NONE),
            identity: Some(identity()),
            frames: frame::Chain::current(),
            endings: ending::Chain::current(),
        }
    }

    /// Makes this thread that.
    ///
    /// # Safety
    ///
    /// The thread whose place it is waits until this one takes another place, or has ended.
    pub(super) unsafe fn take(self) {
        CURRENT.with(|current| current.set(self.worker));
        BELONGS_TO.with(|id| id.set(self.belongs_to));
        IDENTITY.with(|id| id.set(self.identity));
        // SAFETY: passed on.
        unsafe { self.frames.install() };
        // SAFETY: passed on.
        unsafe { self.endings.install() };
    }
}

impl<P: Send, R: Send> Relay<P, R> {
    fn pass_to(&self, side: u32) {
        // Ordering: Release: what this side did comes before what the other does.
        self.turn.store(side, Ordering::Release);
        self.turn.wake_all();
    }

    fn wait_for(&self, side: u32) {
        // Ordering: Acquire pairs with `pass_to`.
        while self.turn.load(Ordering::Acquire) != side {
            self.turn.wait(1 - side, None);
        }
    }

    /// On the caller's side.
    fn send(&self, message: Message<P, R>) -> Option<Said<P, Result<R, Payload>>> {
        // SAFETY: it is the caller's turn.
        self.to_strand.with_mut(|slot| unsafe { *slot = Some(message) });
        self.pass_to(STRAND);
        self.wait_for(CALLER);
        // SAFETY: it is the caller's turn.
        self.from_strand.with_mut(|slot| unsafe { (*slot).take() })
    }

    /// On the strand's side.
    fn say(&self, said: Said<P, Result<R, Payload>>) {
        // SAFETY: this thread is nobody.
        unsafe { Place::NONE.take() };
        self.hand_over(said);
    }

    fn hand_over(&self, said: Said<P, Result<R, Payload>>) {
        // SAFETY: it is the strand's turn.
        self.from_strand.with_mut(|slot| unsafe { *slot = Some(said) });
        self.pass_to(CALLER);
    }

    /// On the strand's side.
    fn receive(&self) -> Message<P, R> {
        self.wait_for(STRAND);
        // SAFETY: it is the strand's turn.
        self.to_strand.with_mut(|slot| unsafe { (*slot).take() }).expect("a strand is told what to do")
    }

    fn run(&self) {
        let place_and_body = match self.receive() {
            Message::Begin(place, body) => Some((place, body)),
            Message::GoOn(_) | Message::End(_) => None,
        };
        let Some((place, body)) = place_and_body else { return self.pass_to(CALLER) };
        // SAFETY: the caller waits until this thread is gone.
        unsafe { place.take() };
        let result = contain(|| body(&Pauser(self)));
        // Not nobody: the destructors of this thread's thread-locals run in the caller's place, too, since it waits for them.
        self.hand_over(Said::Ended(result));
    }
}

/// The strand's own end.
pub struct Pauser<'a, P, R>(&'a Relay<P, R>);

impl<P: Send, R: Send> Pauser<'_, P, R> {
    /// Hands the place back, until the strand is resumed, on whichever thread. False: it is to end now, and nobody asks for its result.
    #[must_use]
    pub fn pause(&self, reason: P) -> bool {
        self.0.say(Said::Paused(reason));
        let (place, go_on) = match self.0.receive() {
            Message::GoOn(place) | Message::Begin(place, _) => (place, true),
            Message::End(place) => (place, false),
        };
        // SAFETY: the caller waits until we say something.
        unsafe { place.take() };
        go_on
    }
}

impl<P: Send + 'static, R: Send + 'static> Strand<P, R> {
    /// Starts a thread with so many bytes of stack, for the pool `owner`. Nothing runs on it yet.
    pub fn new(stack_size: usize, owner: OwnerId) -> io::Result<Self> {
        let empty = || UnsafeCell::new(None);
        let relay =
            Arc::new(Relay { turn: Futex::new(CALLER), to_strand: empty(), from_strand: UnsafeCell::new(None) });
        let theirs = relay.clone();
        let thread = thread::start(None, stack_size, move || {
            stack::note_bottom(stack_size);
            theirs.run();
        })?;
        Ok(Self { relay, thread: Some(thread), owner })
    }

    /// Runs `body` in this thread's place until it pauses or ends. Its panic is the caller's.
    pub fn begin(&mut self, body: impl FnOnce(&Pauser<'_, P, R>) -> R + Send + 'static) -> Said<P, R> {
        let said = self.relay.send(Message::Begin(Place::of_this_thread(), Box::new(body)));
        self.hear(said)
    }

    /// Goes on where it paused, as [`begin`](Self::begin).
    pub fn resume(&mut self) -> Said<P, R> {
        let said = self.relay.send(Message::GoOn(Place::of_this_thread()));
        self.hear(said)
    }

    fn hear(&mut self, said: Option<Said<P, Result<R, Payload>>>) -> Said<P, R> {
        match said.expect("a strand that has begun says something") {
            Said::Paused(reason) => Said::Paused(reason),
            Said::Ended(result) => {
                self.wait_for_thread();
                Said::Ended(result.unwrap_or_else(|payload| std::panic::resume_unwind(payload)))
            }
        }
    }

    /// Its thread-locals are gone, too, when this returns.
    fn wait_for_thread(&mut self) {
        if let Some(thread) = self.thread.take() {
            // What runs on it is contained, so only a thread-local's destructor could have panicked, and that aborts.
            let _ = thread.join();
        }
    }
}

impl<P: Send + 'static, R: Send + 'static> Drop for Strand<P, R> {
    fn drop(&mut self) {
        if self.thread.is_none() {
            return;
        }
        let said = self.relay.send(Message::End(Place::of_this_thread()));
        self.wait_for_thread();
        if let Some(Said::Ended(Err(payload))) = said {
            // Not unwound any further: this may be in the middle of another panic.
            self.owner.report(payload);
        }
    }
}
