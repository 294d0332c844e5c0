//! The models of filch's protocols: one file a protocol. See the README of this member.

#[cfg(not(filch_loom))]
compile_error!("the model cfg is missing: these tests would check nothing");

mod ledger;
mod support;

mod deque;
mod express;
mod fence;
mod gate;
mod injector;
mod park;
mod shutdown;
