//! The models of filch's protocols: one file a protocol. See the README of this member.

#[cfg(not(filch_loom))]
compile_error!("the model cfg is missing: these tests would check nothing");

mod case;
mod frame;
mod ledger;
mod process;
#[cfg(target_os = "linux")]
mod stacks;
mod support;
mod witness;

mod blocks;
mod closing;
mod deque;
mod express;
mod fence;
mod gate;
mod injector;
mod install;
mod job;
mod join;
mod latch;
mod local;
mod mailbox;
mod nursery;
mod park;
mod pool;
mod scope;
mod semaphore;
mod set;
mod shutdown;
mod sleep;
mod sleep_tag;
mod spares;
mod steal_back;
mod sweep;
mod timer;
mod timer_stage;
mod waiter;
