//! Each at its best settings.

mod async_io;
mod delay_queue;
mod filch;
mod hash_wheel;
mod map_thread;
mod scheduled_thread_pool;
mod tokio;

pub(super) use async_io::AsyncIo;
pub(super) use delay_queue::DelayQueue;
pub(super) use filch::Filch;
pub(super) use hash_wheel::HashWheel;
pub(super) use map_thread::MapThread;
pub(super) use scheduled_thread_pool::ScheduledThreadPool;
pub(super) use tokio::Tokio;
