//! Without the feature `tracing`: nothing.

use super::Job;
use crate::util::contain::Payload;

/// See `on`.
#[inline(always)]
pub fn job<R>(_: impl FnOnce() -> Job, _: impl Fn(Payload), run: impl FnOnce() -> R) -> R {
    run()
}

/// See `on`.
#[inline(always)]
pub fn park<R>(_worker: usize, _: impl Fn(Payload), park: impl FnOnce() -> R) -> R {
    park()
}

/// See `on`.
#[inline(always)]
pub fn wait<R>(_worker: usize, _: impl Fn(Payload), wait: impl FnOnce() -> R) -> R {
    wait()
}

/// See `on`.
#[inline(always)]
pub fn started(_worker: usize, _: impl Fn(Payload)) {}

/// See `on`.
#[inline(always)]
pub fn stopping(_worker: usize, _: impl Fn(Payload)) {}

/// See `on`.
#[inline(always)]
pub fn woke(_worker: usize, _: impl Fn(Payload)) {}

/// See `on`.
#[inline(always)]
pub fn stole(_worker: usize, _victim: usize, _: impl Fn(Payload)) {}
