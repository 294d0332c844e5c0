//! One function over many items: `for_range`, `map` and kin.
//!
//! All are a [`Work`](split::Work) over positions, driven by `split`, with items from a [`Source`](items::Source).

mod each;
mod items;
mod map;
mod reduce;
mod split;

pub use each::{for_each, for_range};
pub use items::ParallelItems;
pub use map::{map, map_with};
pub use reduce::map_reduce;
