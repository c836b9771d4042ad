//! Chromium, driven over a pipe by its DevTools protocol.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

pub(crate) struct Chromium {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    calls: u64,
    session: Option<String>,
    /// What went wrong in the page.
    pub(crate) complaints: Vec<String>,
    profile: PathBuf,
}

/// The browser of this machine, if it has one. `SELVEDGE_CHROMIUM` names it; where that
/// is set there has to be one.
fn installed() -> Option<PathBuf> {
    if let Some(named) = env::var_os("SELVEDGE_CHROMIUM") {
        return Some(named.into());
    }
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let path = env::var_os("PATH")?;
    let found =
        names.iter().flat_map(|name| env::split_paths(&path).map(move |dir| dir.join(name)));
    found.into_iter().find(|file| file.is_file())
}

impl Chromium {
    /// Starts a browser; `None`, said on stderr, if there is none.
    pub(crate) fn start(name: &str) -> Option<Chromium> {
        let Some(browser) = installed() else {
            eprintln!("skipped: no chromium in PATH (install it, or set SELVEDGE_CHROMIUM)");
            return None;
        };
        let profile = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("chromium-{name}"));
        // It reads commands from file 3 and answers on file 4.
        let mut process = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 >/dev/null 2>&1"])
            .arg(browser)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"])
            .arg(format!("--user-data-dir={}", profile.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let to = process.stdin.take().expect("a pipe");
        let from = BufReader::new(process.stdout.take().expect("a pipe"));
        let complaints = Vec::new();
        let mut this = Chromium { process, to, from, calls: 0, session: None, complaints, profile };
        let target = this.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = this.call("Target.attachToTarget", attach);
        this.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log"] {
            this.call(&format!("{domain}.enable"), json!({}));
        }
        Some(this)
    }

    /// One command, and its answer.
    pub(crate) fn call(&mut self, method: &str, params: Value) -> Value {
        self.calls += 1;
        let mut message = json!({ "id": self.calls, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.to.write_all(format!("{message}\0").as_bytes()).expect("the browser lives");
        loop {
            let mut answer = Vec::new();
            self.from.read_until(0, &mut answer).expect("the browser lives");
            assert_eq!(answer.pop(), Some(0), "the browser has ended");
            let answer: Value = serde_json::from_slice(&answer).expect("JSON");
            if answer["id"] == self.calls {
                assert_eq!(answer["error"], Value::Null, "{method}");
                return answer["result"].clone();
            }
            if matches!(
                answer["method"].as_str(),
                Some("Runtime.exceptionThrown" | "Log.entryAdded")
            ) {
                self.complaints.push(answer["params"].to_string());
            }
        }
    }

    /// Opens a page in a window so wide, and waits until it is drawn.
    pub(crate) fn open(&mut self, page: &Path, fragment: &str, width: u32, dark: bool) {
        let size =
            json!({ "width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size);
        let scheme = if dark { "dark" } else { "light" };
        self.media("", scheme);
        // From elsewhere, so that it is loaded anew.
        self.call("Page.navigate", json!({ "url": "about:blank" }));
        self.call(
            "Page.navigate",
            json!({ "url": format!("file://{}{fragment}", page.display()) }),
        );
        for _ in 0..200 {
            if self.value("document.documentElement?.dataset.ready !== undefined") == true {
                self.value(
                    "new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))",
                );
                return;
            }
            sleep(Duration::from_millis(50));
        }
        panic!("the page is not drawn: {:?}", self.complaints);
    }

    pub(crate) fn media(&mut self, media: &str, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call("Emulation.setEmulatedMedia", json!({ "media": media, "features": features }));
    }

    /// The value of an expression in the page.
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let call = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", call);
        assert_eq!(answer["exceptionDetails"], Value::Null, "{expression}");
        answer["result"]["value"].clone()
    }

    /// The text of the first element that a selector finds, with single blanks.
    pub(crate) fn text(&mut self, selector: &str) -> String {
        let text = self.value(&format!("document.querySelector({selector:?})?.innerText ?? ''"));
        text.as_str().expect("text").split_whitespace().collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn count(&mut self, selector: &str) -> u64 {
        let count = self.value(&format!("document.querySelectorAll({selector:?}).length"));
        count.as_u64().expect("a number")
    }

    /// Presses a key, and waits until the page has met it and drawn itself anew:
    /// which rows are there may depend on how far it has scrolled.
    pub(crate) fn press(&mut self, key: &str) {
        let text = if key.len() == 1 { key } else { "" };
        self.value(
            "window.met = new Promise(met => addEventListener('keyup', met, { once: true })); 0",
        );
        self.call("Input.dispatchKeyEvent", json!({ "type": "keyDown", "key": key, "text": text }));
        self.call("Input.dispatchKeyEvent", json!({ "type": "keyUp", "key": key }));
        self.value(
            "window.met.then(() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 0))))",
        );
    }

    pub(crate) fn click(&mut self, selector: &str) {
        self.value(&format!("document.querySelector({selector:?}).click()"));
    }

    /// What the page looks like, to be looked at: a file in the target directory.
    pub(crate) fn picture(&mut self, name: &str) -> Vec<u8> {
        let shot = self.call("Page.captureScreenshot", json!({ "format": "png" }));
        self.keep(&shot["data"], &format!("{name}.png"))
    }

    pub(crate) fn print(&mut self, name: &str) -> Vec<u8> {
        let printed = self.call("Page.printToPDF", json!({ "printBackground": true }));
        self.keep(&printed["data"], &format!("{name}.pdf"))
    }

    fn keep(&self, data: &Value, name: &str) -> Vec<u8> {
        let bytes = STANDARD.decode(data.as_str().expect("base64")).expect("base64");
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(path, &bytes).expect("the target directory can be written");
        bytes
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // The process may have ended by itself.
        drop(self.process.kill());
        drop(self.process.wait());
        drop(std::fs::remove_dir_all(&self.profile));
    }
}
