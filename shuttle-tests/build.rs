//! Emits the cfg that swaps `std`'s atomics, locks and threads for the random scheduler's, for this member only.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(filch_shuttle)");
    println!("cargo::rustc-cfg=filch_shuttle");
}
