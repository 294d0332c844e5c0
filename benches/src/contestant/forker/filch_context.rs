//! filch: `join_context` of the pool, and below it `Worker::join`, which need not look up who they run on; the workers
//! isolated, as they are by default, or helping with anything.

use ::filch::Worker;

use super::Forker;
use super::filch::{Filch, FilchHelpAny};
use crate::workload::Node;

pub(crate) struct FilchContext(Filch);

impl FilchContext {
    /// Runs `body` on a worker, with that worker.
    fn on_worker(&self, body: impl FnOnce(&Worker) -> u64 + Send) -> u64 {
        self.0.0.join_context(body, |_| ()).0
    }
}

impl Forker for FilchContext {
    fn start(workers: usize) -> Self {
        Self(Filch::start(workers))
    }

    fn fib(&'static self, n: u64) -> u64 {
        self.on_worker(|worker| fib(worker, n))
    }

    fn sum(&'static self, tree: &'static Node) -> u64 {
        self.on_worker(|worker| sum(tree, worker))
    }

    fn heavies(&self) -> Option<u64> {
        self.0.heavies()
    }
}

/// The same with `WaitPolicy::HelpAny`.
pub(crate) struct FilchContextHelpAny(FilchContext);

impl Forker for FilchContextHelpAny {
    fn start(workers: usize) -> Self {
        Self(FilchContext(FilchHelpAny::start(workers).0))
    }

    fn fib(&'static self, n: u64) -> u64 {
        self.0.fib(n)
    }

    fn sum(&'static self, tree: &'static Node) -> u64 {
        self.0.sum(tree)
    }

    fn heavies(&self) -> Option<u64> {
        self.0.heavies()
    }
}

fn fib(worker: &Worker, n: u64) -> u64 {
    if n < 2 {
        return n;
    }
    let (a, b) = worker.join(|worker| fib(worker, n - 1), |worker| fib(worker, n - 2));
    a + b
}

/// The right one first: see `Node::full`.
fn sum(node: &Node, worker: &Worker) -> u64 {
    let (right, left) = worker.join(
        |worker| node.right.as_deref().map(|right| sum(right, worker)).unwrap_or_default(),
        |worker| node.left.as_deref().map(|left| sum(left, worker)).unwrap_or_default(),
    );
    node.value + left + right
}
