//! forte: `Worker::join`. The thread outside becomes one of the workers for the time of the call.

use ::forte::{ThreadPool, Worker};

use super::Forker;
use crate::workload::Node;

/// A pool has room for so many, the thread outside included.
const MOST: usize = 32;

pub(crate) struct Forte(&'static ThreadPool);

impl Forker for Forte {
    fn start(workers: usize) -> Self {
        let pool: &'static ThreadPool = Box::leak(Box::new(ThreadPool::new()));
        pool.resize_to((workers - 1).clamp(1, MOST - 1));
        Self(pool)
    }

    fn fib(&'static self, n: u64) -> u64 {
        self.0.with_worker(|worker| fib(worker, n))
    }

    fn sum(&'static self, tree: &'static Node) -> u64 {
        self.0.with_worker(|worker| sum(tree, worker))
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
