//! Quicksort on a pool: in place, not stable, and all in safe code.
//!
//! A slice is split around a pivot, and its two sides are sorted by [`Worker::join`]: the second is offered to other
//! workers while the first is sorted here. Long slices are split in parallel, too: otherwise all workers but one would
//! wait for the first splits. A slice that fits in the cache goes to the standard library.
//!
//! Merge sort with parallel merges was tried, and took twice the processor time on numbers.

use filch::{Pool, Worker};

/// A slice of up to so many bytes is sorted by one worker. A guess: it fits in the cache of a core, and is still
/// thousands of times the price of a join.
const SORT_ALONE: usize = 512 << 10;

/// A slice of up to so many bytes is split by one worker. A guess.
const SPLIT_ALONE: usize = 4 << 20;

/// The pivot is the middle one of so many items.
const SAMPLE: usize = 63;

/// Sorts in place. Equal items may change places.
///
/// `T` is `Sync` because the workers that split a slice together all look at its pivot. If a comparison panics, the
/// panic arrives here, and the slice holds the same items in some order.
pub fn sort<T: Ord + Send + Sync>(pool: &Pool, items: &mut [T]) {
    let bad_splits = items.len().checked_ilog2().unwrap_or(0);
    pool.join_context(|worker| sort_on(worker, items, bad_splits), |_| ());
}

/// Sorts with the help of others. After so many bad splits the standard library takes over, so it is never quadratic.
fn sort_on<T: Ord + Send + Sync>(worker: &Worker, items: &mut [T], mut bad_splits: u32) {
    let alone = size_of_val(items) <= SORT_ALONE || items.len() < 2 * SAMPLE || bad_splits == 0;
    if alone || items.is_sorted() || items.is_sorted_by(|a, b| a > b) {
        return items.sort_unstable();
    }
    let length = items.len();
    let (less, more) = split(worker, items);
    if less.len().max(more.len()) > length / 8 * 7 {
        bad_splits -= 1;
    }
    worker.join(|worker| sort_on(worker, less, bad_splits), |worker| sort_on(worker, more, bad_splits));
}

/// Splits into the items less than a pivot and those after it. The pivot and some of its equals lie between the two.
fn split<'a, T: Ord + Send + Sync>(worker: &Worker, items: &'a mut [T]) -> (&'a mut [T], &'a mut [T]) {
    choose_pivot(items);
    let (pivot, rest) = items.split_first_mut().expect("there are many items");
    let pivot = &*pivot;
    let less = partition(worker, rest, &|item| item < pivot);
    // Hardly any? Then the pivot may be there many times, and all of them can stay where they are.
    let few = less < rest.len() / 8;
    let equal = if few { partition(worker, &mut rest[less..], &|item| item <= pivot) } else { 0 };
    items.swap(0, less);
    let (less, others) = items.split_at_mut(less);
    (less, &mut others[1 + equal..])
}

/// Puts the middle one of a sample in front.
fn choose_pivot<T: Ord>(items: &mut [T]) {
    let step = items.len() / SAMPLE;
    for i in 0..SAMPLE {
        items.swap(i, i * step + step / 2);
    }
    items[..SAMPLE].select_nth_unstable(SAMPLE / 2);
    items.swap(0, SAMPLE / 2);
}

/// Moves the items for which `first` holds to the front, and returns how many they are.
///
/// Each half is partitioned for itself, which gives `yes no yes no`. Then the two parts in the middle change places.
fn partition<T, F>(worker: &Worker, items: &mut [T], first: &F) -> usize
where
    T: Send,
    F: Fn(&T) -> bool + Sync,
{
    if size_of_val(items) <= SPLIT_ALONE {
        return partition_alone(items, first);
    }
    let half = items.len() / 2;
    let (left, right) = items.split_at_mut(half);
    let (in_left, in_right) =
        worker.join(|worker| partition(worker, left, first), |worker| partition(worker, right, first));
    let (no, yes) = items[in_left..half + in_right].split_at_mut(half - in_left);
    let both = no.len().min(yes.len());
    let last = yes.len() - both;
    swap(worker, &mut no[..both], &mut yes[last..]);
    in_left + in_right
}

/// Every item changes places with the first `no`, and stays there if it is a `yes`.
///
/// There is no branch on an item: the processor could only guess which way it goes.
fn partition_alone<T>(items: &mut [T], first: &impl Fn(&T) -> bool) -> usize {
    let mut yes = 0;
    for i in 0..items.len() {
        let is_yes = first(&items[i]);
        items.swap(yes, i);
        yes += usize::from(is_yes);
    }
    yes
}

/// Swaps the items of two slices of the same length.
fn swap<T: Send>(worker: &Worker, a: &mut [T], b: &mut [T]) {
    if size_of_val(a) <= SPLIT_ALONE / 2 {
        return a.swap_with_slice(b);
    }
    let half = a.len() / 2;
    let ((a1, a2), (b1, b2)) = (a.split_at_mut(half), b.split_at_mut(half));
    worker.join(|worker| swap(worker, a1, b1), |worker| swap(worker, a2, b2));
}
