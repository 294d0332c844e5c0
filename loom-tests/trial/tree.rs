//! A copy of the workspace to break: below the target directory, with only what the models need.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::workspace;

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

impl Tree {
    /// Makes a copy in a folder of this name, with this member.
    pub fn copy(folder: &str, member: Member) -> io::Result<Self> {
        let workspace = workspace();
        let this_program = std::env::current_exe()?;
        let target = this_program.ancestors().nth(2).expect("built by cargo, in its target directory");
        let tree = Self { member, home: target.join(folder) };
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

    /// Replaces one file, whose path goes from the root.
    pub fn write(&self, file: &str, text: &str) {
        fs::write(self.root().join(file), text).expect("the copy can be written");
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
/// the programs are left out. A section goes from its headline to the next.
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
