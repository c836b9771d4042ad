//! Cargo: what the project is, and its test executables.

use std::env;
use std::ffi::OsString;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;

use cargo_metadata::{Message, Metadata, MetadataCommand, Package};

use super::args::Build;
use crate::BadInput;

/// The variable by which the system finds dynamic libraries.
const LIBRARY_PATH: &str = if cfg!(windows) {
    "PATH"
} else if cfg!(target_os = "macos") {
    "DYLD_FALLBACK_LIBRARY_PATH"
} else {
    "LD_LIBRARY_PATH"
};

/// The user's workspace.
pub(crate) struct Project {
    metadata: Metadata,
    options: Vec<String>,
}

/// An executable with tests.
#[derive(Debug)]
pub(crate) struct Executable {
    path: PathBuf,
    package: Package,
    /// What it was built of: `lib`, `bin`, `test` or `example`.
    pub(crate) kind: String,
    /// Where its dynamic libraries are.
    libraries: OsString,
}

impl Project {
    /// # Errors
    /// What cargo says, if there is no project.
    pub(crate) fn open(build: &Build) -> Result<Self, BadInput> {
        let mut command = MetadataCommand::new();
        command.no_deps();
        if let Some(path) = &build.manifest_path {
            command.manifest_path(path);
        }
        if let Some(directory) = &build.target_dir {
            let directory = std::path::absolute(directory).map_err(|error| error.to_string())?;
            command.env("CARGO_TARGET_DIR", directory);
        }
        let metadata = command.exec().map_err(|error| match error {
            cargo_metadata::Error::CargoMetadata { stderr } => {
                stderr.trim().trim_start_matches("error: ").to_owned()
            }
            other => other.to_string(),
        })?;
        Ok(Project { metadata, options: build.options() })
    }

    /// The directory of the reports.
    pub(crate) fn reports(&self, asked: Option<&Path>) -> PathBuf {
        match asked {
            Some(directory) => directory.to_owned(),
            None => self.metadata.target_directory.join("selvedge").into_std_path_buf(),
        }
    }

    /// Builds the tests. Cargo says on stderr what it does, unless it is to be quiet.
    ///
    /// # Errors
    /// If they do not build; cargo has said why.
    pub(crate) fn executables(&self, quiet: bool) -> Result<Vec<Rc<Executable>>, BadInput> {
        let mut command = Command::new(cargo());
        command.args(["test", "--no-run", "--message-format", "json-render-diagnostics"]);
        command.args(&self.options).args(quiet.then_some("--quiet"));
        let failed = |error: std::io::Error| format!("cannot run cargo: {error}");
        let mut child = command.stdout(Stdio::piped()).spawn().map_err(failed)?;
        let mut executables = Vec::new();
        let mut linked = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            for message in Message::parse_stream(BufReader::new(stdout)) {
                match message.map_err(failed)? {
                    Message::BuildScriptExecuted(script) => linked.extend(script.linked_paths),
                    Message::CompilerArtifact(artifact) if artifact.profile.test => {
                        let is_it = |package: &&Package| package.id == artifact.package_id;
                        let package = self.metadata.packages.iter().find(is_it);
                        if let (Some(path), Some(package)) = (artifact.executable, package) {
                            let kind = artifact.target.kind.first();
                            executables.push(Executable {
                                path: path.into_std_path_buf(),
                                package: package.clone(),
                                kind: kind.map_or_else(String::new, ToString::to_string),
                                libraries: OsString::new(),
                            });
                        }
                    }
                    _ => {}
                }
            }
        }
        if !child.wait().map_err(failed)?.success() {
            return Err("the tests do not build: cargo says why".into());
        }
        // `native=/some/where`, or the path alone.
        let path = |linked: &str| {
            PathBuf::from(linked.split_once('=').map_or(linked, |(_, directory)| directory))
        };
        let linked: Vec<PathBuf> = linked.iter().map(|linked| path(linked.as_str())).collect();
        for executable in &mut executables {
            executable.libraries = libraries(&executable.path, &linked);
        }
        Ok(executables.into_iter().map(Rc::new).collect())
    }
}

impl Executable {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The name of its package.
    pub(crate) fn package(&self) -> &str {
        &self.package.name
    }

    /// The executable as `cargo test` starts it: in the directory of its package,
    /// with the variables that cargo sets.
    pub(crate) fn command(&self) -> Command {
        let package = &self.package;
        let directory = package.manifest_path.parent().unwrap_or(&package.manifest_path);
        let mut command = Command::new(&self.path);
        command.current_dir(directory).env("CARGO", cargo());
        command.env("CARGO_MANIFEST_DIR", directory);
        command.env("CARGO_MANIFEST_PATH", &package.manifest_path);
        command.env("CARGO_PKG_NAME", &*package.name);
        let version = &package.version;
        command.env("CARGO_PKG_VERSION", version.to_string());
        command.env("CARGO_PKG_VERSION_MAJOR", version.major.to_string());
        command.env("CARGO_PKG_VERSION_MINOR", version.minor.to_string());
        command.env("CARGO_PKG_VERSION_PATCH", version.patch.to_string());
        command.env("CARGO_PKG_VERSION_PRE", version.pre.as_str());
        command.env("CARGO_PKG_AUTHORS", package.authors.join(":"));
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        command.env("CARGO_PKG_DESCRIPTION", text(&package.description));
        command.env("CARGO_PKG_HOMEPAGE", text(&package.homepage));
        command.env("CARGO_PKG_REPOSITORY", text(&package.repository));
        command.env("CARGO_PKG_LICENSE", text(&package.license));
        command.env(LIBRARY_PATH, &self.libraries);
        command
    }
}

/// The cargo that has called this process.
fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Where the dynamic libraries of an executable are: those that build scripts
/// have made, those that cargo has, and what the variable says already.
fn libraries(executable: &Path, linked: &[PathBuf]) -> OsString {
    let known = env::var_os(LIBRARY_PATH).unwrap_or_default();
    let mut all: Vec<PathBuf> = linked.to_vec();
    all.extend(executable.ancestors().skip(1).take(2).map(Path::to_path_buf));
    all.extend(env::split_paths(&known));
    // A path with the separator in it cannot be given: then it stays as it is.
    env::join_paths(all).unwrap_or(known)
}
