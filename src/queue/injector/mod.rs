//! The global first-in-first-out queue: anyone pushes, anyone takes, and small jobs lie in the queue itself.

mod block;
mod home;

use std::marker::PhantomData;
use std::ptr::NonNull;

use crossbeam_utils::CachePadded;

use super::Steal;
use crate::sync::{AtomicPtr, AtomicU64, Ordering, Patience, full_fence};
use crate::util::limits::INJECTOR_SLOTS;
use block::{Block, Content, Place};
pub use block::{Released, fits, take_out};
use home::Home;

// An end's word: | 63..1 position | 0 moving |. Positions count slots and never wrap.
/// Whoever claimed the last slot of the block is about to move this end to the next one; all others wait.
const MOVING: u64 = 1;
const ONE: u64 = 2;

/// A queue of pointers to `T`s, and of jobs that begin with a `T`.
pub struct Injector<T> {
    head: CachePadded<Head>,
    tail: CachePadded<End>,
    /// A box that is only reached by pointer, since blocks point to it, too.
    home: NonNull<Home>,
    _elements: PhantomData<*mut T>,
}

// SAFETY: an element is on its way from the pusher to the one taker; jobs only enter a queue if they may cross threads.
unsafe impl<T> Send for Injector<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Injector<T> {}

/// The end that takers move, and what they know of the other.
struct Head {
    end: End,
    /// A position that the tail has passed: up to there nobody need look, and take the tail's cache line from the pushers.
    known: AtomicU64,
}

/// One end of the queue: the next position, and the block that it is in.
struct End {
    word: AtomicU64,
    block: AtomicPtr<Block>,
}

impl End {
    fn new(block: NonNull<Block>) -> Self {
        Self { word: AtomicU64::new(0), block: AtomicPtr::new(block.as_ptr()) }
    }

    /// The word, and a block that belongs to it if the word is still the same afterwards.
    fn look(&self) -> (u64, *mut Block) {
        // Ordering: Acquire pairs with `move_to`: who sees a new word sees its block.
        (self.word.load(Ordering::Acquire), self.block.load(Ordering::Acquire))
    }

    /// Ends a move: others go on from `word`.
    fn move_to(&self, word: u64, block: NonNull<Block>) {
        self.block.store(block.as_ptr(), Ordering::Release);
        self.word.store(word, Ordering::Release);
    }

    fn position(&self) -> u64 {
        self.word.load(Ordering::Acquire) / ONE
    }
}

fn number_in_block(word: u64) -> usize {
    (word / ONE) as usize % INJECTOR_SLOTS
}

impl<T> Injector<T> {
    /// Makes an empty queue.
    pub fn new() -> Self {
        let home = NonNull::from(Box::leak(Box::new(Home::new())));
        // SAFETY: freed in `drop` only.
        let first = unsafe { home.as_ref() }.take();
        Self {
            head: CachePadded::new(Head { end: End::new(first), known: AtomicU64::new(0) }),
            tail: CachePadded::new(End::new(first)),
            home,
            _elements: PhantomData,
        }
    }

    /// Adds a pointer at the end.
    pub fn push(&self, element: NonNull<T>) {
        // SAFETY: a pointer fits.
        unsafe { self.push_content(Content::Pointer, element) };
    }

    /// Adds a job at the end, which lies in the queue itself until [`take_out`]. It comes back if it does not [fit](fits).
    ///
    /// # Safety
    ///
    /// `J` begins with a `T`.
    pub unsafe fn push_job<J>(&self, job: J) -> Result<(), J> {
        if !fits::<J>() {
            return Err(job);
        }
        // SAFETY: it fits.
        unsafe { self.push_content(Content::Job, job) };
        Ok(())
    }

    /// # Safety
    ///
    /// A `J` [`fits`].
    #[inline]
    unsafe fn push_content<J>(&self, content: Content, job: J) {
        let mut following = None;
        let place = self.claim_last(&mut following);
        // SAFETY: claimed just now; the duty is passed on.
        unsafe { place.fill(content, job) };
        // Only now: a taker may wait for the slot.
        if let Some(unused) = following {
            self.home().keep(unused);
        }
    }

    fn home(&self) -> &Home {
        // SAFETY: freed in `drop` only.
        unsafe { self.home.as_ref() }
    }

    /// Claims the slot behind the last one. `following`: a block to append, if one has been made and was not needed.
    fn claim_last(&self, following: &mut Option<NonNull<Block>>) -> Place {
        let mut patience = Patience::new();
        loop {
            let (word, block) = self.tail.look();
            if word & MOVING != 0 {
                patience.wait();
                continue;
            }
            let number = number_in_block(word);
            let is_last = number + 1 == INJECTOR_SLOTS;
            // Before the claim, so that nobody waits for the allocator.
            let next = is_last.then(|| *following.get_or_insert_with(|| self.home().take()));
            let claimed = word + ONE + if is_last { MOVING } else { 0 };
            // Ordering: SeqCst: this makes the queue non-empty for those who fence before they look, or else they have told of themselves before the
            // pusher's next SeqCst load (`fence::after_exchange`). Acquire: what they saw before is behind us.
            if self.tail.word.compare_exchange_weak(word, claimed, Ordering::SeqCst, Ordering::Relaxed).is_err() {
                continue;
            }
            // SAFETY: the word has not changed since `look`, so the block is its own, and alive: a slot in it is not filled.
            let block = unsafe { NonNull::new_unchecked(block) };
            if let Some(next) = next {
                *following = None;
                self.tail.move_to(claimed - MOVING, next);
                // SAFETY: as above.
                unsafe { block.as_ref() }.append(next);
            }
            return Place { block, number };
        }
    }

    /// Tries to take the oldest element. `released`: where the caller notes the slots that it is done with.
    #[inline(always)]
    pub fn steal(&self, released: Option<&Released>) -> Steal<NonNull<T>> {
        let place = match self.claim_first() {
            Steal::Success(place) => place,
            Steal::Empty => return Steal::Empty,
            Steal::Retry => return Steal::Retry,
        };
        Steal::Success(match place.wait_until_filled() {
            Content::Job => place.job(),
            // SAFETY: claimed just now, and it holds a pointer.
            Content::Pointer => unsafe { place.take(released) },
        })
    }

    /// Claims the first slot.
    #[inline(always)]
    fn claim_first(&self) -> Steal<Place> {
        let head = &self.head.end;
        let (word, block) = head.look();
        if word & MOVING != 0 {
            return Steal::Retry;
        }
        if !self.reaches_behind(word / ONE) {
            return Steal::Empty;
        }
        let number = number_in_block(word);
        let is_last = number + 1 == INJECTOR_SLOTS;
        let claimed = word + ONE + if is_last { MOVING } else { 0 };
        // Ordering: AcqRel: what we did before is behind us for those who see the queue without this element.
        if head.word.compare_exchange(word, claimed, Ordering::AcqRel, Ordering::Relaxed).is_err() {
            return Steal::Retry;
        }
        // SAFETY: the word has not changed since `look`, so the block is its own, and alive: its slot is not released.
        let block = unsafe { NonNull::new_unchecked(block) };
        if is_last {
            // SAFETY: as above.
            let next = unsafe { block.as_ref() }.wait_for_next();
            head.move_to(claimed - MOVING, next);
        }
        Steal::Success(Place { block, number })
    }

    /// Whether the tail has passed a position that the head was at.
    fn reaches_behind(&self, position: u64) -> bool {
        // Ordering: Acquire pairs with the Release below: that the tail is so far goes with the head to whoever sees the head that we are about to move. One who
        // did not know it could find the tail behind the head.
        if self.head.known.load(Ordering::Acquire) > position {
            return true;
        }
        // Ordering: our look at the head comes before our look at the tail, which is then no older.
        full_fence(Ordering::SeqCst);
        let tail = self.tail.word.load(Ordering::Relaxed) / ONE;
        if tail == position {
            return false;
        }
        self.head.known.store(tail, Ordering::Release);
        true
    }

    /// Whether there is more, as far as takers know.
    pub fn is_known_to_have_more(&self) -> bool {
        self.head.known.load(Ordering::Relaxed) > self.head.end.position()
    }

    /// Whether the queue is empty. As fresh as the caller's last fence.
    pub fn is_empty(&self) -> bool {
        // In this order: the head that we see is no newer than the tail.
        let head = self.head.end.position();
        self.head.known.load(Ordering::Relaxed) <= head && head == self.tail.position()
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        let head = self.head.end.position();
        self.tail.position().saturating_sub(head) as usize
    }
}

impl<T> Drop for Injector<T> {
    fn drop(&mut self) {
        // What is still queued is the owner's business: a pool ends every job first. The blocks are ours.
        let mut block = NonNull::new(self.head.end.block.load(Ordering::Acquire));
        while let Some(this) = block {
            // SAFETY: nobody else is here any more.
            block = unsafe { this.as_ref() }.next();
            // SAFETY: from `pages`, by way of `home`, and not used any more.
            unsafe { crate::sync::pages::free(this) };
        }
        // SAFETY: leaked in `new`; no block is left that points to it.
        drop(unsafe { Box::from_raw(self.home.as_ptr()) });
    }
}

impl<T> std::fmt::Debug for Injector<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Injector").field("len", &self.len()).finish()
    }
}

#[cfg(all(test, not(filch_loom)))]
mod tests {
    use std::sync::atomic::AtomicU64;
    use std::thread;

    use super::*;

    #[repr(C)]
    struct Job {
        word: u64,
        more: [u64; 6],
    }

    fn job(word: u64) -> Job {
        Job { word, more: [word; 6] }
    }

    /// # Safety
    ///
    /// `found` was taken from a queue of [`Job`]s in place.
    unsafe fn open(found: NonNull<u64>, released: Option<&Released>) -> u64 {
        // SAFETY: the caller's duty.
        let job = unsafe { take_out(found.cast::<Job>(), released) };
        assert_eq!(job.more, [job.word; 6]);
        job.word
    }

    #[test]
    fn keeps_the_order_through_many_laps() {
        let queue = Injector::<u64>::new();
        let jobs = 5 * INJECTOR_SLOTS as u64;
        for batch in [1, 7, jobs] {
            for first in (0..jobs).step_by(batch as usize) {
                let numbers = first..(first + batch).min(jobs);
                // SAFETY: a `Job` begins with a `u64`.
                numbers.clone().for_each(|n| assert!(unsafe { queue.push_job(job(n)) }.is_ok()));
                assert_eq!(queue.len() as u64, numbers.end - numbers.start);
                for n in numbers {
                    let Steal::Success(found) = queue.steal(None) else { panic!("there is a job") };
                    // SAFETY: of this queue.
                    assert_eq!(unsafe { open(found, None) }, n);
                }
                assert!(queue.is_empty());
            }
        }
    }

    #[test]
    fn hands_back_what_does_not_fit() {
        let queue = Injector::<u64>::new();
        // SAFETY: it begins with a `u64`.
        assert!(unsafe { queue.push_job([0_u64; 8]) }.is_err());
        // SAFETY: as above.
        assert!(unsafe { queue.push_job(0_u128) }.is_err());
        assert!(queue.is_empty());
    }

    #[test]
    fn threads_take_each_job_once_and_in_its_pushers_order() {
        const PUSHERS: u64 = 3;
        const EACH: u64 = 40_000;
        let queue = Injector::<u64>::new();
        let sum = AtomicU64::new(0);
        let left = AtomicU64::new(PUSHERS * EACH);
        let push = |pusher: u64| {
            for n in 0..EACH {
                // SAFETY: a `Job` begins with a `u64`.
                assert!(unsafe { queue.push_job(job(n * PUSHERS + pusher)) }.is_ok());
            }
        };
        let take = || {
            let released = Released::new();
            let mut next = [0; PUSHERS as usize];
            while left.load(Ordering::Relaxed) != 0 {
                let Steal::Success(found) = queue.steal(Some(&released)) else { continue };
                left.fetch_sub(1, Ordering::Relaxed);
                // SAFETY: of this queue.
                let word = unsafe { open(found, Some(&released)) };
                let (n, pusher) = (word / PUSHERS, (word % PUSHERS) as usize);
                assert!(n >= next[pusher], "job {n} of pusher {pusher} came late");
                next[pusher] = n + 1;
                sum.fetch_add(word, Ordering::Relaxed);
            }
        };
        thread::scope(|scope| {
            (0..PUSHERS).for_each(|pusher| drop(scope.spawn(move || push(pusher))));
            (0..3).for_each(|_| drop(scope.spawn(take)));
        });
        let words = PUSHERS * EACH;
        assert_eq!(sum.into_inner(), words * (words - 1) / 2);
    }
}
