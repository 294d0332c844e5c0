//! What these tests share.
#![allow(dead_code, reason = "each test file uses its own part of this")]

pub mod child;
pub mod random;
#[cfg(target_os = "linux")]
pub mod seccomp;
#[cfg(target_os = "linux")]
pub mod threads;
pub mod watch;
