//! What the programs share that break the sources to see whether the models notice: a copy of the workspace, and its models in child processes.

mod run;
mod tree;

pub use run::{Verdict, build, watch};
pub use tree::{Member, Tree};

use std::path::Path;

/// The sources as they are.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the member lies in the workspace")
}
