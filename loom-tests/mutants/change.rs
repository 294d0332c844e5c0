//! A mutant's change of the sources.

use std::fs;
use std::path::Path;

use crate::Mutant;
use crate::trial::Tree;

/// A changed file, put back when this goes.
pub struct Changed<'a> {
    tree: &'a Tree,
    file: &'static str,
    original: String,
}

impl<'a> Changed<'a> {
    pub fn new(tree: &'a Tree, mutant: &Mutant) -> Self {
        let (original, changed) = mutated(&tree.root(), mutant).expect("checked at the start");
        tree.write(mutant.file, &changed);
        Self { tree, file: mutant.file, original }
    }
}

impl Drop for Changed<'_> {
    fn drop(&mut self) {
        self.tree.write(self.file, &self.original);
    }
}

/// The text of the mutant's file below `root` before and after. An error if the table no longer fits the sources.
pub fn mutated(root: &Path, mutant: &Mutant) -> Result<(String, String), String> {
    let text = fs::read_to_string(root.join(mutant.file)).map_err(|error| format!("{}: {error}", mutant.file))?;
    match text.matches(mutant.find).count() {
        1 => Ok((text.clone(), text.replace(mutant.find, mutant.replace))),
        count => Err(format!("{}: its text occurs {count} times in {}", mutant.name, mutant.file)),
    }
}
