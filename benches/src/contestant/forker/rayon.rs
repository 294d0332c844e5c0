//! rayon: the free `join`, inside `install`.

use ::rayon::{ThreadPool, ThreadPoolBuilder, join};

use super::Forker;
use crate::workload::Node;

pub(crate) struct Rayon(ThreadPool);

impl Forker for Rayon {
    fn start(workers: usize) -> Self {
        Self(ThreadPoolBuilder::new().num_threads(workers).build().expect("the threads start"))
    }

    fn fib(&'static self, n: u64) -> u64 {
        self.0.install(|| fib(n))
    }

    fn sum(&'static self, tree: &'static Node) -> u64 {
        self.0.install(|| sum(tree))
    }
}

fn fib(n: u64) -> u64 {
    if n < 2 {
        return n;
    }
    let (a, b) = join(|| fib(n - 1), || fib(n - 2));
    a + b
}

/// The right one first: see `Node::full`.
fn sum(node: &Node) -> u64 {
    let (right, left) = join(
        || node.right.as_deref().map(sum).unwrap_or_default(),
        || node.left.as_deref().map(sum).unwrap_or_default(),
    );
    node.value + left + right
}
