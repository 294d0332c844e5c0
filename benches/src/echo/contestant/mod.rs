//! Each at its best settings.

mod filch;
mod threads;
mod tokio;

pub(super) use filch::Filch;
pub(super) use threads::Threads;
pub(super) use tokio::Tokio;
