//! Projects outside of the workspace, for tests that do with them what users
//! do. Also of the tests of `cargo selvedge`.
#![allow(dead_code, reason = "no test uses all of it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A project in a directory of its own.
pub(crate) struct Project(PathBuf);

const PACKAGE: &str = r#"
[package]
name = "NAME"
version = "0.1.0"
edition = "2024"

[dependencies]
selvedge = { path = PATH }

[dev-dependencies]
selvedge = { path = PATH, features = ["explore", "proptest"] }
"#;

/// Of the manifest of a project's root: it is in no other workspace, and what it
/// depends on is built once for all projects.
pub(crate) const ROOT: &str = "
[profile.dev]
debug = 0

[workspace]
";

/// The workspace of this repository.
pub(crate) fn here() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().find(|path| path.join("Cargo.lock").exists()).expect("the workspace")
}

/// The manifest of a package with tests.
pub(crate) fn manifest(name: &str) -> String {
    let path = format!("{:?}", here().join("crates/selvedge"));
    PACKAGE.replace("NAME", name).replace("PATH", &path)
}

/// What the projects share: what they depend on is built once.
fn shared() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("cargo-test")
}

/// Where they are built.
pub(crate) fn target() -> PathBuf {
    shared().join("target")
}

impl Project {
    /// A project of these files, whatever was there before.
    pub(crate) fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let directory = shared().join(name);
        drop(fs::remove_dir_all(&directory));
        let new = Project(directory);
        // The versions that are here already.
        let lock = fs::read_to_string(here().join("Cargo.lock")).expect("the workspace's versions");
        new.write("Cargo.lock", &lock);
        for (file, text) in files {
            new.write(file, text);
        }
        new
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.0.join(file)
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().expect("a directory")).expect("it can be made");
        fs::write(path, text).expect("it can be written");
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).expect("a file")
    }

    /// A program in the project, with nothing of the environment that would make
    /// its output differ.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.0).env("CARGO_TARGET_DIR", target());
        command.env("RUST_BACKTRACE", "0").env("CARGO_TERM_COLOR", "never");
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("SELVEDGE_")) {
            command.env_remove(name);
        }
        command
    }
}
