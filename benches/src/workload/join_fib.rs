//! join_fib: a Fibonacci number by fork-join down to the leaves: next to nothing but joins.

use std::hint::black_box;

use super::sample::{Sample, measure};
use crate::contestant::forker::Forker;

pub(super) fn run<F: Forker>(pool: &'static F, n: u64) -> Sample {
    let mut result = 0;
    let sample = measure(|| pool.heavies(), || result = pool.fib(black_box(n)));
    assert_eq!(result, fib(n), "the sum is wrong");
    sample
}

/// One join for every call with 2 or more, which are one fewer than the leaves that are 1.
pub(super) const fn joins(n: u64) -> u64 {
    fib(n + 1) - 1
}

const fn fib(n: u64) -> u64 {
    let (mut this, mut next, mut step) = (0, 1, 0);
    while step < n {
        (this, next) = (next, this + next);
        step += 1;
    }
    this
}

#[cfg(test)]
mod tests {
    use super::{fib, joins};

    #[test]
    fn joins_are_calls_that_are_not_leaves() {
        fn count(n: u64) -> u64 {
            if n < 2 { 0 } else { 1 + count(n - 1) + count(n - 2) }
        }
        assert_eq!(fib(32), 2_178_309);
        assert!((0..20).all(|n| joins(n) == count(n)));
    }
}
