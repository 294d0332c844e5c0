//! A function applied to an iterator's items by a pool, as an iterator of results.

use std::collections::VecDeque;
use std::iter::Fuse;
use std::sync::Arc;

use super::JobSet;
use crate::job::JobError;
use crate::ops::{self, JobHandle};
use crate::registry::{Lane, Registry};

/// Results in the order of the items.
pub struct Ordered<I, R, F> {
    /// Of items that were pulled and not returned, oldest first. Dropped before the pool's shared half, which hears of panics that nobody took.
    handles: VecDeque<JobHandle<R>>,
    registry: Arc<Registry>,
    items: Fuse<I>,
    buffer: usize,
    f: Arc<F>,
}

impl<I: Iterator, R, F> Ordered<I, R, F> {
    pub fn new(registry: &Arc<Registry>, items: I, buffer: usize, f: F) -> Self {
        let (registry, f) = (registry.clone(), Arc::new(f));
        Self { registry, items: items.fuse(), buffer: buffer.max(1), f, handles: VecDeque::new() }
    }
}

impl<I, R, F> Iterator for Ordered<I, R, F>
where
    I: Iterator,
    I::Item: Send + 'static,
    R: Send + 'static,
    F: Fn(I::Item) -> R + Send + Sync + 'static,
{
    type Item = Result<R, JobError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.handles.len() < self.buffer {
            let Some(item) = self.items.next() else { break };
            let f = self.f.clone();
            self.handles.push_back(ops::submit(&self.registry, Lane::Back, move || f(item)));
        }
        self.handles.pop_front().map(JobHandle::join)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        with_pulled(self.items.size_hint(), self.handles.len())
    }
}

impl<I, R, F> Drop for Ordered<I, R, F> {
    fn drop(&mut self) {
        for handle in &self.handles {
            handle.cancel();
        }
    }
}

/// Results in the order in which they are done.
pub struct Unordered<I, R: Send + 'static, F> {
    items: Fuse<I>,
    buffer: usize,
    f: Arc<F>,
    /// Of items that were pulled and not returned.
    set: JobSet<R>,
}

impl<I: Iterator, R: Send + 'static, F> Unordered<I, R, F> {
    pub fn new(registry: &Arc<Registry>, items: I, buffer: usize, f: F) -> Self {
        Self { items: items.fuse(), buffer: buffer.max(1), f: Arc::new(f), set: JobSet::on(registry, None) }
    }
}

impl<I, R, F> Iterator for Unordered<I, R, F>
where
    I: Iterator,
    I::Item: Send + 'static,
    R: Send + 'static,
    F: Fn(I::Item) -> R + Send + Sync + 'static,
{
    type Item = Result<R, JobError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.set.len() < self.buffer {
            let Some(item) = self.items.next() else { break };
            let f = self.f.clone();
            self.set.submit(move || f(item));
        }
        self.set.next().map(|(_, result)| result)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        with_pulled(self.items.size_hint(), self.set.len())
    }
}

/// What is left of the items, and what has been pulled.
fn with_pulled((least, most): (usize, Option<usize>), pulled: usize) -> (usize, Option<usize>) {
    (least.saturating_add(pulled), most.and_then(|most| most.checked_add(pulled)))
}
