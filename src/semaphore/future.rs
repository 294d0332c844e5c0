//! Waiting for permits as a task.

use std::cell::{Cell, OnceCell};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::line::Node;
use super::raw::{Denied, Raw};

/// Waits for permits; ends with them in the caller's hands. Dropped before that, it leaves the line, and gives back what it was granted meanwhile.
pub struct Take<'a> {
    raw: &'a Raw,
    need: u32,
    stage: Cell<Stage>,
    /// Made when it has to wait. From then on only reached by shared reference: others have its address.
    node: OnceCell<Node>,
}

#[derive(Clone, Copy)]
enum Stage {
    New,
    InLine,
    Done,
}

impl<'a> Take<'a> {
    /// Nothing is done before it is polled.
    pub fn new(raw: &'a Raw, need: u32) -> Self {
        Self { raw, need, stage: Cell::new(Stage::New), node: OnceCell::new() }
    }

    fn begin(self: Pin<&Self>, waker: &Waker) -> Option<Result<(), Denied>> {
        let this = self.get_ref();
        match this.raw.try_take(this.need) {
            Err(Denied::NoPermits) => {}
            result => return Some(result),
        }
        let node = this.node.get_or_init(|| Node::new(this.need, Some(waker.clone())));
        // SAFETY: pinned by us, so it stays here until we are dropped, and then it leaves the line.
        unsafe { this.raw.enter_line(node) }
    }
}

impl Future for Take<'_> {
    type Output = Result<(), Denied>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.as_ref();
        let result = match (this.stage.get(), this.node.get()) {
            (Stage::New, _) => this.begin(context.waker()),
            (Stage::InLine, Some(node)) => this.raw.poll_in_line(node, context.waker()),
            (Stage::InLine, None) => unreachable!("it is the node that is in line"),
            (Stage::Done, _) => panic!("polled after it had ended"),
        };
        this.stage.set(if result.is_some() { Stage::Done } else { Stage::InLine });
        result.map_or(Poll::Pending, Poll::Ready)
    }
}

impl Drop for Take<'_> {
    fn drop(&mut self) {
        let (Stage::InLine, Some(node)) = (self.stage.get(), self.node.get()) else { return };
        if self.raw.leave_line(node, false).is_ok() {
            self.raw.put_back(self.need);
        }
    }
}
