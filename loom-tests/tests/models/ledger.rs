//! Elements whose way through a queue is checked: each is taken once, by somebody who sees what its maker wrote.

use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use loom::cell::UnsafeCell;

/// What a queue's pointers point to.
pub struct Element {
    number: usize,
    /// Written by the maker and by the taker: the model checker reports the two if nothing orders them.
    content: UnsafeCell<Content>,
    /// No atomic of the model: the account is no event of the protocol.
    taken: AtomicBool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    Unmade,
    Made,
    Taken,
}

// SAFETY: `content` is the only part that is not `Sync`, and that threads do not meet there is what the model checks.
unsafe impl Sync for Element {}

/// The elements of one execution.
pub struct Ledger(Vec<Element>);

impl Ledger {
    /// Makes room for elements `0..count`.
    pub fn new(count: usize) -> Arc<Self> {
        let content = || UnsafeCell::new(Content::Unmade);
        let unmade = |number| Element { number, content: content(), taken: AtomicBool::new(false) };
        Arc::new(Self((0..count).map(unmade).collect()))
    }

    /// Makes an element, ready to be queued.
    pub fn make(&self, number: usize) -> NonNull<Element> {
        let element = &self.0[number];
        element.change(Content::Unmade, Content::Made);
        NonNull::from(element)
    }

    /// Takes an element that came out of a queue. Returns its number.
    pub fn take(&self, element: NonNull<Element>) -> usize {
        // SAFETY: the queue got the pointer from `make`, and the elements live as long as the ledger.
        let element = unsafe { element.as_ref() };
        let number = element.number;
        assert!(!element.taken.swap(true, Ordering::Relaxed), "element {number} was taken twice");
        element.change(Content::Made, Content::Taken);
        number
    }

    /// To be called at the end: nothing was lost.
    pub fn assert_all_taken(&self) {
        for Element { number, taken, .. } in &self.0 {
            assert!(taken.load(Ordering::Relaxed), "element {number} was lost");
        }
    }
}

impl Element {
    fn change(&self, from: Content, to: Content) {
        // SAFETY: the pointer is valid inside the closure, and the model fails before it lets two threads in.
        let found = self.content.with_mut(|content| unsafe { content.replace(to) });
        assert_eq!(found, from, "element {}", self.number);
    }
}
