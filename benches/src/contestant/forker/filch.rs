//! filch: the free `join`, inside `install`; the workers isolated, as they are by default, or helping with anything.

use ::filch::{Pool, WaitPolicy, join};

use super::Forker;
use crate::contestant::filch::heavies;
use crate::workload::Node;

pub(crate) struct Filch(pub(super) Pool);

impl Forker for Filch {
    fn start(workers: usize) -> Self {
        Self(Pool::with_threads(workers))
    }

    fn fib(&'static self, n: u64) -> u64 {
        self.0.install(|| fib(n))
    }

    fn sum(&'static self, tree: &'static Node) -> u64 {
        self.0.install(|| sum(tree))
    }

    fn heavies(&self) -> Option<u64> {
        heavies(&self.0)
    }
}

/// The same with [`WaitPolicy::HelpAny`].
pub(crate) struct FilchHelpAny(pub(super) Filch);

impl Forker for FilchHelpAny {
    fn start(workers: usize) -> Self {
        let pool = Pool::builder().threads(workers).wait_policy(WaitPolicy::HelpAny).build();
        Self(Filch(pool.expect("the threads start")))
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
