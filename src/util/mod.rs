//! Floor 0: small helpers that know nothing of pools.

pub mod blocks;
pub mod contain;
pub mod limits;
pub mod nursery;
pub mod rng;
pub mod seat;
