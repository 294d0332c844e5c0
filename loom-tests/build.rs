//! Emits the model cfg, so that a plain `cargo test` compiles this member, and only this member, for the model checker.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(filch_loom)");
    println!("cargo::rustc-cfg=filch_loom");
}
