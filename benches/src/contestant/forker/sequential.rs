//! Plain recursion on the thread outside.

use super::Forker;
use crate::workload::Node;

pub(crate) struct Sequential;

impl Forker for Sequential {
    fn start(_workers: usize) -> Self {
        Self
    }

    fn fib(&'static self, n: u64) -> u64 {
        fib(n)
    }

    fn sum(&'static self, tree: &'static Node) -> u64 {
        sum(tree)
    }
}

fn fib(n: u64) -> u64 {
    if n < 2 {
        return n;
    }
    fib(n - 1) + fib(n - 2)
}

/// The right one first: see `Node::full`.
fn sum(node: &Node) -> u64 {
    let right = node.right.as_deref().map(sum).unwrap_or_default();
    let left = node.left.as_deref().map(sum).unwrap_or_default();
    node.value + left + right
}
