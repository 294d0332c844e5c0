//! chili: `Scope::join` with its own settings. The thread outside is one of the workers, as chili counts them.

use std::num::NonZero;

use ::chili::{Config, Scope, ThreadPool};

use super::Forker;
use crate::workload::Node;

pub(crate) struct Chili(ThreadPool);

impl Forker for Chili {
    fn start(workers: usize) -> Self {
        Self(ThreadPool::with_config(Config { thread_count: NonZero::new(workers), ..Config::default() }))
    }

    fn fib(&'static self, n: u64) -> u64 {
        fib(&mut self.0.scope(), n)
    }

    fn sum(&'static self, tree: &'static Node) -> u64 {
        sum(tree, &mut self.0.scope())
    }
}

fn fib(scope: &mut Scope<'_>, n: u64) -> u64 {
    if n < 2 {
        return n;
    }
    let (a, b) = scope.join(|scope| fib(scope, n - 1), |scope| fib(scope, n - 2));
    a + b
}

/// chili runs the second closure first, which is the right order: see `Node::full`.
fn sum(node: &Node, scope: &mut Scope<'_>) -> u64 {
    let (left, right) = scope.join(
        |scope| node.left.as_deref().map(|left| sum(left, scope)).unwrap_or_default(),
        |scope| node.right.as_deref().map(|right| sum(right, scope)).unwrap_or_default(),
    );
    node.value + left + right
}
