//! A copy of the workspace to break: below the target directory, with only what the models need.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::Mutant;

/// The member of the workspace whose tests are to notice, and the one test program that it has.
#[derive(Clone, Copy)]
pub struct Member {
    pub name: &'static str,
    pub program: &'static str,
}

pub struct Tree {
    pub member: Member,
    /// Holds the copy, its own target directory, and the logs.
    home: PathBuf,
}

/// A changed file, put back when this goes.
pub struct Changed {
    file: PathBuf,
    original: String,
}

impl Tree {
    pub fn copy(member: Member) -> io::Result<Self> {
        let workspace = workspace();
        let this_program = std::env::current_exe()?;
        let target = this_program.ancestors().nth(2).expect("built by cargo, in its target directory");
        let tree = Self { member, home: target.join("mutants").join(member.name) };
        if tree.root().exists() {
            fs::remove_dir_all(tree.root())?;
        }
        fs::create_dir_all(tree.logs())?;
        for folder in ["src".into(), tree.of_member("tests")] {
            copy_folder(&workspace.join(&folder), &tree.root().join(&folder))?;
        }
        for file in ["Cargo.lock".into(), tree.of_member("build.rs")] {
            fs::copy(workspace.join(&file), tree.root().join(&file))?;
        }
        for manifest in ["Cargo.toml".into(), tree.of_member("Cargo.toml")] {
            let text = fs::read_to_string(workspace.join(&manifest))?;
            fs::write(tree.root().join(&manifest), reduced(&text, member.name))?;
        }
        Ok(tree)
    }

    fn of_member(&self, file: &str) -> PathBuf {
        Path::new(self.member.name).join(file)
    }

    pub fn root(&self) -> PathBuf {
        self.home.join("tree")
    }

    pub fn target(&self) -> PathBuf {
        self.home.join("target")
    }

    pub fn logs(&self) -> PathBuf {
        self.home.join("logs")
    }

    /// The file's text before and after.
    pub fn mutated(&self, mutant: &Mutant) -> Result<(String, String), String> {
        mutated(&self.root(), mutant)
    }

    pub fn change(&self, mutant: &Mutant) -> Changed {
        let (original, changed) = self.mutated(mutant).expect("checked at the start");
        let file = self.root().join(mutant.file);
        fs::write(&file, changed).expect("the copy can be written");
        Changed { file, original }
    }
}

/// The sources as they are.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the member lies in the workspace")
}

/// The text of the mutant's file below `root` before and after. An error if the table no longer fits the sources.
pub fn mutated(root: &Path, mutant: &Mutant) -> Result<(String, String), String> {
    let text = fs::read_to_string(root.join(mutant.file)).map_err(|error| format!("{}: {error}", mutant.file))?;
    match text.matches(mutant.find).count() {
        1 => Ok((text.clone(), text.replace(mutant.find, mutant.replace))),
        count => Err(format!("{}: its text occurs {count} times in {}", mutant.name, mutant.file)),
    }
}

impl Drop for Changed {
    fn drop(&mut self) {
        fs::write(&self.file, &self.original).expect("the copy can be written");
    }
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

/// The manifest of a workspace, or of its member, for a copy that has this member only: the crate's own package, the other members and
/// this program are left out. A section goes from its headline to the next.
fn reduced(manifest: &str, member: &str) -> String {
    let is_member = manifest.contains(&format!("name = \"{member}\""));
    let wanted = |headline: &str| match is_member {
        true => headline != "[[bin]]",
        false => headline.starts_with("[workspace") || headline.starts_with("[profile"),
    };
    let mut keep = true;
    let mut reduced = String::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            keep = wanted(line);
        }
        match line {
            _ if !keep || line.starts_with("default-members") => {}
            _ if line.starts_with("members") => reduced.extend(["members = [\"", member, "\"]\n"]),
            _ => reduced.extend([line, "\n"]),
        }
    }
    reduced
}
