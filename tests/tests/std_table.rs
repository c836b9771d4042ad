//! The book's table of std's items, and on which engine each is there.
//!
//! The compiler decides: a path is there if it resolves. Items that std itself does
//! not have would be a mistake of the list, so std is asked, too. After a change
//! `UPDATE_DOCS=1 cargo test -p selvedge-tests --test std_table` rewrites the page.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;
use std::{env, fs, thread};

/// The modules of an engine, by the heads of the table.
const ENGINES: [(&str, &str); 4] = [
    ("native", "selvedge::native"),
    ("loom", "selvedge::loom"),
    ("shuttle", "selvedge::shuttle"),
    ("std", "selvedge_surface::std"),
];

/// A type, with the arguments by which its methods are looked up, and those of
/// its methods that are stable.
type Type = (&'static str, &'static str, &'static str);

/// Functions, macros, and types whose methods are not told apart.
const ITEMS: &[(&str, &str)] = &[
    (
        "sync",
        "BarrierWaitResult Condvar LockResult MutexGuard OnceState PoisonError RwLockReadGuard \
              RwLockWriteGuard TryLockError TryLockResult WaitTimeoutResult mpsc",
    ),
    (
        "sync::atomic",
        "Ordering compiler_fence fence AtomicI8 AtomicI16 AtomicI32 AtomicI64 \
                      AtomicIsize AtomicU8 AtomicU16 AtomicU32 AtomicU64",
    ),
    (
        "thread",
        "AccessError Result ThreadId available_parallelism current panicking park \
                park_timeout scope sleep spawn yield_now",
    ),
    ("cell", "BorrowError BorrowMutError LazyCell Ref RefCell RefMut"),
    ("time", "Duration Instant SystemTime SystemTimeError TryFromFloatSecsError UNIX_EPOCH"),
    ("hint", "spin_loop"),
];

const TYPES: &[Type] = &[
    (
        "sync::Arc",
        "<u8>",
        "new new_cyclic pin try_unwrap into_inner unwrap_or_clone downgrade \
        strong_count weak_count get_mut make_mut ptr_eq as_ptr into_raw from_raw \
        increment_strong_count decrement_strong_count new_uninit",
    ),
    ("sync::Arc", "<dyn std::any::Any + Send + Sync>", "downcast"),
    ("sync::Weak", "<u8>", "new upgrade strong_count weak_count ptr_eq as_ptr into_raw from_raw"),
    ("sync::Mutex", "<u8>", "new lock try_lock is_poisoned clear_poison into_inner get_mut"),
    (
        "sync::RwLock",
        "<u8>",
        "new read try_read write try_write is_poisoned clear_poison \
        into_inner get_mut",
    ),
    ("sync::RwLockWriteGuard", "<u8>", "downgrade"),
    (
        "sync::Condvar",
        "",
        "new wait wait_while wait_timeout wait_timeout_while notify_one \
        notify_all",
    ),
    ("sync::Barrier", "", "new wait"),
    ("sync::Once", "", "new call_once call_once_force is_completed wait wait_force"),
    ("sync::OnceLock", "<u8>", "new get get_mut wait set get_or_init into_inner take"),
    ("sync::LazyLock", "<u8>", "new force force_mut get get_mut"),
    (
        "sync::atomic::AtomicUsize",
        "",
        "new from_ptr get_mut into_inner load store swap \
        compare_exchange compare_exchange_weak fetch_add fetch_sub fetch_and fetch_nand fetch_or \
        fetch_xor fetch_max fetch_min fetch_update try_update update as_ptr",
    ),
    (
        "sync::atomic::AtomicBool",
        "",
        "new from_ptr get_mut into_inner load store swap \
        compare_exchange compare_exchange_weak fetch_and fetch_nand fetch_or fetch_xor fetch_not \
        fetch_update try_update update as_ptr",
    ),
    (
        "sync::atomic::AtomicPtr",
        "<u8>",
        "new from_ptr get_mut into_inner load store swap \
        compare_exchange compare_exchange_weak fetch_ptr_add fetch_ptr_sub fetch_byte_add \
        fetch_byte_sub fetch_and fetch_or fetch_xor fetch_update try_update update as_ptr",
    ),
    ("thread::Builder", "", "new name stack_size spawn spawn_scoped spawn_unchecked"),
    ("thread::JoinHandle", "<u8>", "join thread is_finished"),
    ("thread::Scope", "", "spawn"),
    ("thread::ScopedJoinHandle", "<u8>", "join thread is_finished"),
    ("thread::Thread", "", "id name unpark"),
    ("thread::LocalKey", "<std::cell::Cell<u8>>", "with try_with get set take replace"),
    (
        "thread::LocalKey",
        "<std::cell::RefCell<u8>>",
        "with_borrow with_borrow_mut set take replace",
    ),
    (
        "cell::Cell",
        "<u8>",
        "new get set swap replace update take into_inner get_mut as_ptr from_mut",
    ),
    ("cell::OnceCell", "<u8>", "new get get_mut set get_or_init into_inner take"),
    ("cell::UnsafeCell", "<u8>", "new into_inner get get_mut from_mut raw_get"),
];

/// What the compiler is asked for: an item, or a method of one.
struct Asked {
    item: String,
    method: Option<(&'static str, &'static str)>,
}

/// A part of the page: rows with the same head.
struct Section {
    head: String,
    rows: Vec<(String, Asked)>,
}

fn sections() -> Vec<Section> {
    let mut sections = Vec::new();
    for (module, names) in ITEMS {
        let row = |name: &str| {
            (name.to_owned(), Asked { item: format!("{module}::{name}"), method: None })
        };
        let mut rows: Vec<_> = names.split_whitespace().map(row).collect();
        if *module == "thread" {
            let item = "thread_local".to_owned();
            rows.push(("thread_local!".to_owned(), Asked { item, method: None }));
        }
        sections.push(Section { head: (*module).to_owned(), rows });
    }
    for &(item, arguments, methods) in TYPES {
        let asked = |method| Asked { item: item.to_owned(), method };
        let mut rows = vec![(item.rsplit("::").next().unwrap().to_owned(), asked(None))];
        let method = |name| (format!("{name}()"), asked(Some((arguments, name))));
        rows.extend(methods.split_whitespace().map(method));
        sections.push(Section { head: format!("{item}{arguments}"), rows });
    }
    sections
}

/// The libraries that this test was built with.
struct Libraries {
    directory: PathBuf,
    external: Vec<(&'static str, PathBuf)>,
}

impl Libraries {
    fn find() -> Self {
        let directory = env::current_exe().unwrap().parent().unwrap().to_owned();
        let mut found = Libraries { directory, external: Vec::new() };
        for (name, probe) in [
            ("selvedge", "pub use selvedge::{native, loom, shuttle};"),
            ("selvedge_surface", "pub use selvedge_surface::std;"),
        ] {
            let library = found.newest(name).into_iter().find(|library| {
                let one = vec![(name, library.clone())];
                let only = Libraries { directory: found.directory.clone(), external: one };
                only.errors(&format!("probe_{name}"), probe).is_empty()
            });
            found.external.push((name, library.expect("a library with all engines")));
        }
        found
    }

    /// The libraries of that name, the newest first.
    fn newest(&self, name: &str) -> Vec<PathBuf> {
        let prefix = format!("lib{name}-");
        let mut all: Vec<(SystemTime, PathBuf)> = fs::read_dir(&self.directory)
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| {
                let name = entry.file_name().into_string().unwrap_or_default();
                name.starts_with(&prefix) && name.ends_with(".rlib")
            })
            .map(|entry| (entry.metadata().unwrap().modified().unwrap(), entry.path()))
            .collect();
        all.sort();
        all.into_iter().rev().map(|(_, path)| path).collect()
    }

    /// The compiler's errors: their codes and the lines that they are about.
    fn errors(&self, name: &str, source: &str) -> Vec<(String, BTreeSet<usize>)> {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let file = directory.join(format!("{name}.rs"));
        fs::write(&file, source).unwrap();
        let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        rustc
            .args(["--edition=2024", "--crate-type=lib", "--emit=metadata", "--cap-lints=allow"])
            .args(["--error-format=json", "--crate-name", name])
            .arg("-L")
            .arg(format!("dependency={}", self.directory.display()))
            .arg("-o")
            .arg(directory.join(format!("lib{name}.rmeta")))
            .arg(file);
        for (name, library) in &self.external {
            rustc.arg("--extern").arg(format!("{name}={}", library.display()));
        }
        let output = rustc.output().expect("rustc runs");
        let messages = String::from_utf8(output.stderr).unwrap();
        let messages = messages.lines().map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|_| panic!("{line}"))
        });
        let mut errors = Vec::new();
        for message in messages.filter(|m| m["level"] == "error") {
            let spans = message["spans"].as_array().into_iter().flatten();
            let primary = spans.filter(|span| span["is_primary"] == true);
            let line = |span: &serde_json::Value| span["line_start"].as_u64().unwrap() as usize;
            let lines: BTreeSet<usize> = primary.map(line).collect();
            let code = message["code"]["code"].as_str().unwrap_or_default().to_owned();
            errors.push((code, lines));
        }
        assert_eq!(output.status.success(), errors.is_empty(), "{name}: {errors:?}");
        errors
    }

    /// The lines of which the compiler says that what they name is not there.
    fn missing(&self, name: &str, lines: &[String], codes: &[&str]) -> BTreeSet<usize> {
        let errors = self.errors(name, &lines.join("\n"));
        let about = errors.into_iter().filter(|(code, _)| codes.contains(&code.as_str()));
        about.flat_map(|(_, lines)| lines).map(|line| line - 1).collect()
    }

    /// Which of what is asked for is there.
    fn there(&self, name: &str, root: &str, asked: &[&Asked]) -> Vec<bool> {
        let uses: Vec<_> = asked
            .iter()
            .enumerate()
            .map(|(i, a)| format!("pub use {root}::{} as _{i};", a.item))
            .collect();
        let items = self.missing(&format!("items_{name}"), &uses, &["E0432", "E0433", "E0603"]);
        let methods: Vec<_> = asked
            .iter()
            .enumerate()
            .map(|(i, a)| match a.method {
                Some((arguments, method)) if !items.contains(&i) => {
                    // Where the compiler asks for more types it has found the method.
                    format!("fn _{i}() {{ let _ = <{root}::{}{arguments}>::{method}; }}", a.item)
                }
                _ => String::new(),
            })
            .collect();
        let methods = self.missing(&format!("methods_{name}"), &methods, &["E0599", "E0624"]);
        (0..asked.len()).map(|i| !items.contains(&i) && !methods.contains(&i)).collect()
    }
}

/// The part of the page that is made.
fn tables() -> String {
    let libraries = Libraries::find();
    let sections = sections();
    let asked: Vec<&Asked> = sections.iter().flat_map(|s| s.rows.iter().map(|r| &r.1)).collect();
    let names: Vec<&str> =
        sections.iter().flat_map(|s| s.rows.iter().map(|r| r.0.as_str())).collect();
    let (real, there) = thread::scope(|s| {
        let real = s.spawn(|| libraries.there("real", "::std", &asked));
        let engines = ENGINES.map(|(name, root)| {
            let (libraries, asked) = (&libraries, &asked);
            s.spawn(move || libraries.there(name, root, asked))
        });
        (real.join().unwrap(), engines.map(|e| e.join().unwrap()))
    });
    let unknown: Vec<_> = names.iter().zip(real).filter(|(_, real)| !real).collect();
    assert!(unknown.is_empty(), "std has no {unknown:?}");

    let mut page = String::new();
    let mut at = 0;
    for Section { head, rows } in &sections {
        writeln!(
            page,
            "\n### `{head}`\n\n| | native | loom | shuttle | std |\n|---|---|---|---|---|"
        )
        .unwrap();
        // What is there on the same engines is in one row.
        let mut merged: Vec<([bool; 4], Vec<String>)> = Vec::new();
        for (name, _) in rows {
            let state = [0, 1, 2, 3].map(|engine: usize| there[engine][at]);
            at += 1;
            let name = format!("`{}`", name.trim_end_matches("()"));
            match merged.iter_mut().find(|(other, _)| *other == state) {
                Some((_, names)) => names.push(name),
                None => merged.push((state, vec![name])),
            }
        }
        for (state, names) in merged {
            let [native, loom, shuttle, std] = state.map(|there| if there { "yes" } else { "–" });
            let names = names.join(", ");
            writeln!(page, "| {names} | {native} | {loom} | {shuttle} | {std} |").unwrap();
        }
    }
    page
}

#[test]
fn the_table_of_the_book_is_what_the_compiler_says() {
    const BEGIN: &str = "<!-- Begin: made by tests/tests/std_table.rs -->\n";
    const END: &str = "\n<!-- End -->";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/std.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("the beginning is marked");
    let (_, after) = rest.split_once(END).expect("the end is marked");
    let expected = format!("{before}{BEGIN}{}{END}{after}", tables());
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, expected).unwrap();
    } else {
        assert!(page == expected, "docs/src/std.md is not true: see the head of this test");
    }
}

/// A table that called everything present, or nothing, would be caught.
#[test]
fn what_is_not_there_is_noticed() {
    let asked = |item: &str, method| Asked { item: item.to_owned(), method };
    let (there, gone) = (Some(("<u8>", "lock")), Some(("<u8>", "lock_twice")));
    let private = Some(("<u8>", "lock_at"));
    let all = [
        asked("sync::Mutex", None),
        asked("sync::Mutex", there),
        asked("sync::Mutex", gone),
        asked("sync::Mutex", private),
        asked("sync::Mutexes", None),
        asked("sync::Mutexes", there),
        // Its closure's type cannot be told, and yet it is there.
        asked("sync::OnceLock", Some(("<u8>", "get_or_init"))),
    ];
    let libraries = Libraries::find();
    for (name, root) in ENGINES {
        let found = libraries.there(&format!("{name}_noticed"), root, &all.each_ref());
        assert_eq!(found, [true, true, false, false, false, false, true], "{name}");
    }
}
