//! The express lane: a lock-free stack of slab indices, for jobs that go before all others.

use std::ptr::NonNull;

use crossbeam_utils::CachePadded;

use crate::sync::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use crate::util::limits::{EXPRESS_FIRST_SEGMENT as FIRST, EXPRESS_SEGMENTS as SEGMENTS};

/// The index of no node.
const NONE: u32 = 0;

/// A last-in-first-out queue that anyone may push to and take from.
#[derive(Debug)]
pub struct Express<T> {
    lane: CachePadded<Stack>,
    unused: CachePadded<Stack>,
    /// Nodes ever made; node `i` (from 1) exists for `i <= made`.
    made: AtomicU32,
    len: AtomicUsize,
    /// Segment `k` holds `FIRST << k` nodes. Null until first needed, then fixed until drop.
    segments: [AtomicPtr<Node<T>>; SEGMENTS],
}

#[derive(Debug)]
struct Node<T> {
    element: AtomicPtr<T>,
    next: AtomicU32,
}

/// The head of a stack: `index:32 | tag:32`. Every operation adds one to the tag.
#[derive(Debug)]
struct Stack(AtomicU64);

#[derive(Debug, Clone, Copy)]
struct Head {
    index: u32,
    tag: u32,
}

impl Head {
    fn unpack(word: u64) -> Self {
        Self { index: (word >> 32) as u32, tag: word as u32 }
    }

    /// The word for a head at `index` that follows this one.
    fn followed_by(self, index: u32) -> u64 {
        u64::from(index) << 32 | u64::from(self.tag.wrapping_add(1))
    }
}

impl Stack {
    fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    fn is_empty(&self) -> bool {
        Head::unpack(self.0.load(Ordering::Relaxed)).index == NONE
    }

    fn push<T>(&self, index: u32, node: &Node<T>) {
        let mut word = self.0.load(Ordering::Relaxed);
        loop {
            let head = Head::unpack(word);
            node.next.store(head.index, Ordering::Relaxed);
            // Ordering: Release pairs with the load in `pop`: who sees this head sees the node's fields.
            match self.0.compare_exchange_weak(word, head.followed_by(index), Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(newer) => word = newer,
            }
        }
    }

    /// Takes the whole chain: its first index.
    fn detach(&self) -> u32 {
        let mut word = self.0.load(Ordering::Acquire);
        loop {
            let head = Head::unpack(word);
            if head.index == NONE {
                return NONE;
            }
            // Ordering: as in `pop`. Acquire reaches every node of the chain: all changes of the head are read-modify-writes.
            match self.0.compare_exchange_weak(word, head.followed_by(NONE), Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return head.index,
                Err(newer) => word = newer,
            }
        }
    }

    fn pop<'a, T: 'a>(&self, node: impl Fn(u32) -> &'a Node<T>) -> Option<u32> {
        // Ordering: Acquire pairs with `push`. All changes of the head are read-modify-writes, so its release sequence is unbroken.
        let mut word = self.0.load(Ordering::Acquire);
        loop {
            let head = Head::unpack(word);
            if head.index == NONE {
                return None;
            }
            // The node may be gone and reused by now: then the tag has changed and the exchange fails.
            // Ordering: Acquire as above. Release: who sees the lane without this node sees what its taker did before.
            let next = node(head.index).next.load(Ordering::Relaxed);
            match self.0.compare_exchange_weak(word, head.followed_by(next), Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Some(head.index),
                Err(newer) => word = newer,
            }
        }
    }
}

impl<T> Express<T> {
    /// Makes an empty lane, without memory.
    pub fn new() -> Self {
        Self {
            lane: CachePadded::new(Stack::new()),
            unused: CachePadded::new(Stack::new()),
            made: AtomicU32::new(0),
            len: AtomicUsize::new(0),
            segments: std::array::from_fn(|_| AtomicPtr::new(std::ptr::null_mut())),
        }
    }

    /// Adds an element in front of all others.
    pub fn push(&self, element: NonNull<T>) {
        let index = self.unused.pop(|index| self.node(index)).unwrap_or_else(|| self.make_node());
        let node = self.node(index);
        node.element.store(element.as_ptr(), Ordering::Relaxed);
        self.len.fetch_add(1, Ordering::Relaxed);
        self.lane.push(index, node);
    }

    /// Takes the newest element.
    pub fn pop(&self) -> Option<NonNull<T>> {
        if self.lane.is_empty() {
            return None;
        }
        let index = self.lane.pop(|index| self.node(index))?;
        let node = self.node(index);
        let element = node.element.load(Ordering::Relaxed);
        self.len.fetch_sub(1, Ordering::Relaxed);
        self.unused.push(index, node);
        NonNull::new(element)
    }

    /// Takes every element that is queued at one moment, newest first.
    pub fn take_all(&self) -> Vec<NonNull<T>> {
        let mut elements = Vec::new();
        let mut index = self.lane.detach();
        while index != NONE {
            let node = self.node(index);
            // Before the node goes to the unused ones, which link through the same field.
            let next = node.next.load(Ordering::Relaxed);
            elements.extend(NonNull::new(node.element.load(Ordering::Relaxed)));
            self.unused.push(index, node);
            index = next;
        }
        self.len.fetch_sub(elements.len(), Ordering::Relaxed);
        elements
    }

    /// Whether the lane is empty. Orders nothing: callers fence.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.lane.is_empty()
    }

    /// The number of elements. Exact when nobody moves.
    pub fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    #[cold]
    fn make_node(&self) -> u32 {
        let before = self.made.fetch_add(1, Ordering::Relaxed);
        let index = before.checked_add(1).expect("the express lane holds at most 2^32 - 1 jobs");
        let (segment, _) = locate(index);
        if self.segments[segment].load(Ordering::Acquire).is_null() {
            self.make_segment(segment);
        }
        index
    }

    /// Installs a segment. Of several threads at once the first wins and the others throw theirs away.
    fn make_segment(&self, segment: usize) {
        let node = || Node { element: AtomicPtr::new(std::ptr::null_mut()), next: AtomicU32::new(NONE) };
        let nodes: Box<[Node<T>]> = (0..FIRST << segment).map(|_| node()).collect();
        let nodes = Box::into_raw(nodes);
        let slot = &self.segments[segment];
        // Ordering: Release publishes the nodes to the Acquire load in `node`.
        let won = slot.compare_exchange(std::ptr::null_mut(), nodes.cast(), Ordering::Release, Ordering::Relaxed);
        if won.is_err() {
            // SAFETY: made above by `Box::into_raw` and given to nobody.
            drop(unsafe { Box::from_raw(nodes) });
        }
    }

    fn node(&self, index: u32) -> &Node<T> {
        let (segment, offset) = locate(index);
        // Ordering: Acquire pairs with `make_segment`, for threads that learnt of the node without its maker.
        let nodes = self.segments[segment].load(Ordering::Acquire);
        // SAFETY: an index in circulation was made by `make_node`, which saw its segment installed; `offset` is below the segment's length.
        let node = unsafe { nodes.add(offset) };
        // SAFETY: segments live until the lane is dropped, and nodes are only ever shared.
        unsafe { &*node }
    }
}

/// The segment of node `index` (from 1), and its place there.
fn locate(index: u32) -> (usize, usize) {
    let position = index as usize - 1;
    let segment = (position / FIRST + 1).ilog2() as usize;
    (segment, position - FIRST * ((1 << segment) - 1))
}

impl<T> Drop for Express<T> {
    fn drop(&mut self) {
        for (k, segment) in self.segments.iter().enumerate() {
            // Ordering: Acquire: a segment another thread installed is seen whole.
            let nodes = segment.load(Ordering::Acquire);
            if !nodes.is_null() {
                let nodes = std::ptr::slice_from_raw_parts_mut(nodes, FIRST << k);
                // SAFETY: `make_segment` made it as a boxed slice of this length; nobody else is left.
                drop(unsafe { Box::from_raw(nodes) });
            }
        }
    }
}

#[cfg(all(test, not(filch_loom)))]
mod tests {
    use super::*;

    #[test]
    fn locates_every_node_once() {
        let mut expected = (0, 0);
        for index in 1..(FIRST * 31) as u32 {
            assert_eq!(locate(index), expected, "index {index}");
            expected.1 += 1;
            if expected.1 == FIRST << expected.0 {
                expected = (expected.0 + 1, 0);
            }
        }
        let (last_segment, _) = locate(u32::MAX);
        assert!(last_segment < SEGMENTS, "the last index needs segment {last_segment}");
    }

    #[test]
    fn gives_all_at_once_newest_first_and_reuses_the_nodes() {
        let lane = Express::<u64>::new();
        let mut values: Vec<u64> = (0..100).collect();
        for _ in 0..3 {
            values.iter_mut().for_each(|value| lane.push(NonNull::from(value)));
            let expected: Vec<_> = values.iter_mut().rev().map(NonNull::from).collect();
            assert_eq!(lane.take_all(), expected);
            assert!(lane.is_empty());
            assert_eq!(lane.len(), 0);
        }
        assert_eq!(lane.made.load(Ordering::Relaxed), 100);
    }

    #[test]
    fn is_a_stack_that_grows() {
        let lane = Express::<u64>::new();
        let mut values: Vec<u64> = (0..1000).collect();
        values.iter_mut().for_each(|value| lane.push(NonNull::from(value)));
        assert_eq!(lane.len(), 1000);
        for value in values.iter_mut().rev() {
            assert_eq!(lane.pop(), Some(NonNull::from(value)));
        }
        assert_eq!(lane.pop(), None);
        assert!(lane.is_empty());
    }
}
