//! The accounts of one set: what came out of it for each of its jobs.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

use filch::{JobError, JobId};

use super::book::{BEREFT, Outcome, Receipt, book};

/// What a member of a set gives, an item of a producer, an item of a stream.
pub struct Fruit {
    receipt: Receipt<6>,
    /// The job of the set that it comes from.
    of: u32,
    /// Panics when it is dropped untaken.
    rude: bool,
}

impl Fruit {
    pub fn new(number: u32, of: u32, rude: bool) -> Self {
        Self { receipt: Receipt::new(number), of, rude }
    }

    /// Takes it: its number comes back, and the number of the job that it comes from.
    pub fn take(mut self) -> (u32, u32) {
        self.rude = false;
        (self.receipt.number, self.of)
    }
}

impl Drop for Fruit {
    fn drop(&mut self) {
        if self.rude && !std::thread::panicking() {
            book().mishap();
        }
    }
}

/// What a producer's iterator knows of itself.
#[derive(Debug, Default)]
pub struct Tree {
    /// Items it has given.
    pub pulled: AtomicU32,
    /// It came to its end.
    pub finished: AtomicBool,
    /// The iterator's own end panics.
    pub rude: bool,
}

/// Jobs by their number in the set. An outcome may come before the submitter has learnt the number.
#[derive(Default)]
pub struct Accounts {
    members: HashMap<JobId, Member>,
    /// To choose from.
    recent: Vec<(JobId, u32)>,
    /// Jobs of outside threads that have not come out; producers are not among them.
    crowd: usize,
    /// Threads that may have taken an outcome which is still in `crowd`.
    takers: usize,
}

#[derive(Debug, Default)]
struct Member {
    number: Option<u32>,
    outside: bool,
    tree: Option<Arc<Tree>>,
    values: u32,
    /// The number in its newest item.
    newest: Option<u32>,
    end: Option<End>,
}

/// The error that came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Panicked(u32),
    /// Of a destructor.
    Mishap,
    Unrun(Outcome),
}

/// Who has submitted a job.
#[derive(Clone, Copy)]
pub struct Submitter {
    pub outside: bool,
    pub capacity: Option<usize>,
}

impl Accounts {
    /// The call that submitted job `number` has returned `id`.
    pub fn enlist(&mut self, id: JobId, number: u32, tree: Option<Arc<Tree>>, by: Submitter) {
        let member = self.members.entry(id).or_default();
        if member.number.replace(number).is_some() {
            book().fault(format!("two jobs have the number {id:?}: {member:?}"));
        }
        let counts = by.outside && tree.is_none() && member.values == 0 && member.end.is_none();
        (member.outside, member.tree) = (counts, tree);
        member.resolve();
        self.recent.push((id, number));
        self.crowd += usize::from(counts);
        let (crowd, takers) = (self.crowd, self.takers);
        // When the pool closes everybody is let in.
        if counts && by.capacity.is_some_and(|capacity| crowd > capacity + takers) && !book().is_closing() {
            book().fault(format!("{crowd} jobs in a set for {:?}, {takers} threads take", by.capacity));
        }
    }

    /// A thread begins to take.
    pub fn begin(&mut self) {
        self.takers += 1;
    }

    /// A thread has taken, or not.
    pub fn end(&mut self, taken: Option<(JobId, Result<Fruit, JobError>)>, in_order: bool) {
        self.takers -= 1;
        let Some((id, result)) = taken else { return };
        let member = self.members.entry(id).or_default();
        if std::mem::take(&mut member.outside) {
            self.crowd -= 1;
        }
        if let (true, Some(end)) = (in_order, member.end) {
            book().fault(format!("{id:?}: something came after {end:?}"));
        }
        match result {
            Ok(fruit) => member.deliver(id, fruit, in_order),
            Err(error) => member.deliver_error(id, error),
        }
    }

    /// Any job of the set, or one that is gone.
    pub fn choose(&self, chance: u64) -> Option<(JobId, u32)> {
        let newest = self.recent.len().min(16);
        newest.checked_sub(1)?;
        self.recent.get(self.recent.len() - 1 - chance as usize % newest).copied()
    }

    /// The set is gone, or empty and at rest.
    pub fn close(&mut self, drained: bool) {
        if drained && self.crowd != 0 {
            book().fault(format!("an empty set, and {} jobs have not come out", self.crowd));
        }
        for (id, member) in self.members.drain() {
            if let Err(rule) = member.check(drained) {
                book().fault(format!("{id:?}: {rule}: {member:?}, drained: {drained}"));
            }
        }
        self.recent.clear();
    }
}

impl Member {
    fn deliver(&mut self, id: JobId, fruit: Fruit, in_order: bool) {
        let (number, of) = fruit.take();
        book().hear(number, Outcome::Value);
        self.values += 1;
        if self.number.is_some_and(|number| number != of) {
            book().fault(format!("{id:?}: got what {of} made: {self:?}"));
        }
        if in_order && self.newest.is_some_and(|newest| newest > number) {
            book().fault(format!("{id:?}: item {number} comes late: {self:?}"));
        }
        self.newest = Some(number);
    }

    fn deliver_error(&mut self, id: JobId, error: JobError) {
        let end = match error {
            JobError::Panicked(payload) => {
                book().deliver_panic(payload.into_inner()).map_or(End::Mishap, End::Panicked)
            }
            JobError::Cancelled => End::Unrun(Outcome::Cancelled),
            JobError::ShutDown => End::Unrun(Outcome::ShutDown),
            other => return book().fault(format!("{id:?}: {other}")),
        };
        if let Some(first) = self.end.replace(end) {
            book().fault(format!("{id:?}: {end:?} after {first:?}"));
        }
        self.resolve();
    }

    /// Once it is known which job has ended, and how.
    fn resolve(&mut self) {
        if let (Some(number), Some(End::Unrun(outcome))) = (self.number, self.end) {
            book().hear(number, outcome);
        }
    }

    fn check(&self, drained: bool) -> Result<(), &'static str> {
        let Some(number) = self.number else { return Err("an outcome of nobody") };
        let ended = u32::from(self.end.is_some());
        let is_out = match &self.tree {
            None if self.values + ended > 1 => return Err("more than one outcome"),
            None => self.values + ended == 1,
            Some(tree) => self.check_tree(tree, drained)?,
        };
        if drained && !is_out {
            return Err("no outcome");
        }
        if !is_out {
            book().entry(number).traits.fetch_or(BEREFT, Relaxed);
        }
        let own_panic = matches!(self.end, Some(End::Panicked(other)) if other == number);
        let is_plain_panic = self.tree.is_none() && matches!(self.end, Some(End::Panicked(_)));
        if is_plain_panic && !own_panic { Err("the panic of another job") } else { Ok(()) }
    }

    /// Whether a producer has come out to its end.
    fn check_tree(&self, tree: &Tree, drained: bool) -> Result<bool, &'static str> {
        let (pulled, finished) = (tree.pulled.load(Relaxed), tree.finished.load(Relaxed));
        // One that is stopped may drop the item in its hands.
        let in_hand = u32::from(matches!(self.end, Some(End::Unrun(_) | End::Mishap)));
        if drained && !(self.values..=self.values + in_hand).contains(&pulled) {
            return Err("not every item came out once");
        }
        if finished && self.end.is_some() && !(tree.rude && self.end == Some(End::Mishap)) {
            return Err("finished, and yet an error came out");
        }
        Ok(finished || self.end.is_some())
    }
}
