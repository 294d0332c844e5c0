//! Fork-join pieces: offering them, taking them back, and waiting for those that were stolen.

use std::ptr::NonNull;
use std::time::Duration;

use super::search::Found;
use super::{Worker, stack};
use crate::job::{JobRef, Owner, Verb};
use crate::park::Latch;
use crate::queue::Steal;
use crate::sync::Patience;
use crate::sync::time::Deadline;
use crate::trace;
use crate::util::limits::{CREDIT_BATCH, PIECE_LOOKS, PIECE_NAP};

/// Of the naps of a worker that waits for a stolen piece. A guess.
const LONGEST_NAP: Duration = Duration::from_millis(10);

/// The innermost frame on this worker whose own spawns may lie on the fork-join deque, and the bottom at which they may.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Direct {
    /// The scope's latch; `None` for no scope.
    scope: Option<NonNull<Latch>>,
    /// With any other bottom there is a fork-join call between that frame and the end of the stack.
    bottom: i64,
}

impl Direct {
    /// No such frame.
    pub(super) const NOWHERE: Self = Self { scope: None, bottom: 0 };
}

/// What a latch counts as outstanding and is not: this worker's to use for the next jobs. While there is some the latch exists.
#[derive(Debug, Clone, Copy)]
pub(super) struct Credit {
    latch: NonNull<Latch>,
    count: usize,
}

impl Credit {
    /// No credit.
    pub(super) const NONE: Self = Self { latch: NonNull::dangling(), count: 0 };
}

impl Worker {
    /// Offers a fork-join piece to thieves. Its position, or `None` if too many are offered already.
    #[inline(always)]
    pub(crate) fn push_piece(&self, job: JobRef) -> Option<i64> {
        let position = self.queues.fork_join.push(job).ok()?;
        self.tell();
        Some(position)
    }

    /// Takes the newest piece back, which the caller has pushed: it is at this position. False: a thief has it.
    #[inline(always)]
    pub(crate) fn retract_piece(&self, position: i64) -> bool {
        self.queues.fork_join.retract_or(position, |won| {
            self.frame_ended(position);
            won
        })
    }

    /// Runs the newest piece if it is this one, which the caller has pushed and nobody has run. False: it is not, or a thief has it.
    pub(crate) fn run_newest_piece(&self, job: JobRef) -> bool {
        if self.queues.fork_join.newest() != Some(job) {
            return false;
        }
        let position = self.queues.fork_join.bottom() - 1;
        let frame = self.direct.get();
        let taken = self.queues.fork_join.pop();
        if frame.bottom == position + 1 {
            self.direct.set(Direct { bottom: self.queues.fork_join.bottom(), ..frame });
        }
        let Some(job) = taken else { return false };
        let bottom = self.queues.fork_join.bottom();
        self.execute(job, Verb::Run(self));
        // What it has left there are jobs of the same scope.
        self.frame_ended(bottom);
        true
    }

    /// Whether there is something on offer.
    #[inline(always)]
    pub(crate) fn has_offer(&self) -> bool {
        self.queues.fork_join.seems_to_have()
    }

    /// Waits for the piece that lies at `job` and was at `position`; a thief has it.
    #[cold]
    pub(crate) fn wait_for_piece(&self, job: JobRef, position: i64, has_ended: impl Fn() -> bool) {
        self.wait_for(job.as_ptr().addr(), has_ended, || false);
        self.frame_ended(position);
    }

    /// A frame that began at that bottom of the deque has ended, with everything that it offered. Positions of what was stolen are not used again: if the frame
    /// below is one that offers directly, it goes on where the deque is now.
    pub(crate) fn frame_ended(&self, bottom: i64) {
        let direct = self.direct.get();
        if direct.bottom == bottom {
            self.direct.set(Direct { bottom: self.queues.fork_join.bottom(), ..direct });
        }
    }

    /// Waits until `done` holds, and meanwhile runs what it depends on: what `more` finds, and what those offer who serve `awaited`. Nothing else, unless the
    /// pool's policy says so. Who makes it hold unparks this worker.
    pub(crate) fn wait_for(&self, awaited: usize, done: impl Fn() -> bool, more: impl Fn() -> bool) {
        trace::wait(self.index, |payload| self.report(payload), || self.run_parts_until(awaited, done, more));
    }

    fn run_parts_until(&self, awaited: usize, done: impl Fn() -> bool, more: impl Fn() -> bool) {
        let (mut looks, mut nap) = (PIECE_LOOKS, PIECE_NAP);
        let mut patience = Patience::new();
        while !done() {
            if more() || self.take_part_back(awaited) || (self.helps() && self.run_any()) {
                (looks, nap) = (PIECE_LOOKS, PIECE_NAP);
                patience = Patience::new();
            } else if looks > 0 {
                looks -= 1;
                patience.wait();
            } else {
                // Nobody tells us of new pieces; workers that look for any work are told of them. So we look again, less and less often.
                self.parker.park(nap.map_or(Deadline::NEVER, Deadline::after));
                nap = nap.map(|nap| (nap * 2).min(LONGEST_NAP));
            }
        }
    }

    /// Runs one of the pieces that are part of what is awaited. False: nobody offers one.
    fn take_part_back(&self, awaited: usize) -> bool {
        let others = self.registry.workers().iter().enumerate().filter(|(index, _)| *index != self.index);
        for (victim, slot) in others {
            if !slot.serving.serves(awaited) || !stack::has_room_for_another() {
                continue;
            }
            if let Some(Steal::Success(job)) = slot.steal_back(&self.registry, awaited) {
                self.stats().steals.bump();
                self.stats().heavies.bump();
                trace::stole(self.index, victim, |payload| self.report(payload));
                self.run(Found::Piece(job));
                return true;
            }
        }
        false
    }

    /// Runs a piece that was taken from elsewhere, and the jobs that it leaves on the deque.
    pub(crate) fn run_piece(&self, job: JobRef) {
        let base = self.queues.fork_join.bottom();
        let direct = self.direct.replace(Direct::NOWHERE);
        let serving = &self.registry.workers()[self.index].serving;
        let outer = serving.change(job.as_ptr().addr(), base);
        self.execute(job, Verb::Run(self));
        self.run_offers_down_to(base);
        serving.restore(outer);
        self.direct.set(direct);
        self.frame_ended(base);
        // Last: it may end what we served.
        self.settle_credit();
    }

    /// Takes the worker's own pieces back, down to a position, and runs them. They are jobs of a scope: all others are taken back by those who pushed them.
    pub(crate) fn run_offers_down_to(&self, base: i64) {
        while self.queues.fork_join.bottom() > base {
            let Some(job) = self.queues.fork_join.pop() else { return };
            self.execute(job, Verb::Run(self));
        }
    }

    /// The position that the next piece will have.
    pub(crate) fn next_position(&self) -> i64 {
        self.queues.fork_join.bottom()
    }

    /// Called by a job of a scope as it begins. If it is the piece that this worker serves, then from now on it serves the whole scope.
    pub(crate) fn serve_scope(&self, job: JobRef, scope: NonNull<Latch>) {
        let serving = &self.registry.workers()[self.index].serving;
        if serving.serves(job.as_ptr().addr()) {
            serving.change_awaited(scope.as_ptr().addr());
        }
    }

    /// Runs `f` as a frame of the scope: what it spawns there may lie on the deque, as long as nothing else lies above what lies there now.
    pub(crate) fn as_frame_of<R>(&self, scope: NonNull<Latch>, f: impl FnOnce() -> R) -> R {
        let outer = self.direct.replace(Direct { scope: Some(scope), bottom: self.queues.fork_join.bottom() });
        let result = f();
        self.direct.set(outer);
        result
    }

    /// Offers a job of the scope. It comes back if it may not lie on the deque, because the innermost frame is none of that scope's, or has no room there.
    pub(crate) fn push_scoped(&self, scope: NonNull<Latch>, job: JobRef) -> Result<(), JobRef> {
        let direct = self.direct.get();
        if direct.scope != Some(scope) || direct.bottom != self.queues.fork_join.bottom() {
            return Err(job);
        }
        let position = self.push_piece(job).ok_or(job)?;
        self.direct.set(Direct { bottom: position + 1, ..direct });
        Ok(())
    }

    /// Counts one more job of the scope as outstanding.
    #[inline]
    pub(crate) fn count_one(&self, scope: NonNull<Latch>) {
        let credit = self.credit.get();
        if credit.count > 0 && credit.latch == scope {
            self.credit.set(Credit { count: credit.count - 1, ..credit });
            return;
        }
        // Credit is settled when a frame of the scope ends: outside of one there must be none.
        let is_in_frame = self.direct.get().scope == Some(scope);
        let count = if is_in_frame { CREDIT_BATCH } else { 1 };
        // SAFETY: the caller is a part of the scope, or a job of it: it has not ended.
        unsafe { scope.as_ref() }.add(count);
        if is_in_frame {
            self.settle_credit();
            self.credit.set(Credit { latch: scope, count: count - 1 });
        }
    }

    /// Counts a job of the scope as done, at the latest when the worker turns to something else.
    #[inline]
    pub(crate) fn count_done(&self, scope: NonNull<Latch>) {
        let mut credit = self.credit.get();
        if credit.count > 0 && credit.latch != scope {
            self.settle_credit();
            credit.count = 0;
        }
        self.credit.set(Credit { latch: scope, count: credit.count + 1 });
    }

    /// Gives back what the worker has of a scope's count.
    #[inline]
    pub(crate) fn settle_credit(&self) {
        let Credit { latch, count } = self.credit.replace(Credit::NONE);
        if count > 0 {
            // SAFETY: they count as outstanding, so the latch is there; and they are ours.
            unsafe { Latch::release(latch, count) };
        }
    }
}
