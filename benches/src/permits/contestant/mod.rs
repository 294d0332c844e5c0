//! Each at its best settings.

mod async_lock;
mod bare;
mod filch;
#[cfg(unix)]
mod libc_sem;
mod parking_lot;
mod std_condvar;
mod tokio;

pub(super) use async_lock::AsyncLock;
pub(super) use bare::Bare;
pub(super) use filch::Filch;
#[cfg(unix)]
pub(super) use libc_sem::LibcSem;
pub(super) use parking_lot::ParkingLot;
pub(super) use std_condvar::StdCondvar;
pub(super) use tokio::{TokioBlockOn, TokioTry};
