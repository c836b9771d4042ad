//! The page in a real browser. Without one these tests are skipped, and say so.
//! They leave pictures in the target directory, to be looked at.

use std::fs;
use std::path::{Path, PathBuf};

use crate::chromium::Chromium;
use crate::fixtures::{deadlock, hostile, long, lost_update};
use crate::page;

/// A page in a file, and a browser for it.
fn browser(name: &str, text: String) -> Option<(Chromium, PathBuf)> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.html"));
    fs::write(&path, text).expect("the target directory can be written");
    Some((Chromium::start(name)?, path))
}

macro_rules! browser {
    ($name:literal, $page:expr) => {
        match browser($name, $page) {
            Some(found) => found,
            None => return,
        }
    };
}

#[test]
fn all_steps_are_drawn() {
    let (mut chromium, page) = browser!("drawn", page(vec![lost_update(), deadlock()]));
    for (width, dark) in [(1200, false), (1200, true), (700, false), (700, true)] {
        for failure in ["f1", "f2"] {
            chromium.open(&page, &format!("#{failure}"), width, dark);
            let look = if dark { "dark" } else { "light" };
            chromium.picture(&format!("page-{failure}-{width}-{look}"));
        }
        assert_eq!(chromium.count("#f1 .row"), 11);
        assert_eq!(chromium.count("#f2 .row"), 8);
        assert_eq!(chromium.count("#f1 .arrow.reads"), 1, "main reads what castle left");
        assert_eq!(chromium.count("#f2 .waits"), 3, "all three wait for ever");
        assert_eq!(chromium.count("#f2 .arrow.blocks"), 2, "for each other's lock");
        assert_eq!(chromium.value("document.documentElement.scrollWidth <= innerWidth"), true);
        assert_eq!(
            chromium.value("getComputedStyle(document.querySelector('pre')).display"),
            "none"
        );
        let paper = chromium.value("getComputedStyle(document.body).backgroundColor");
        assert_eq!(paper, if dark { "rgb(21, 24, 29)" } else { "rgb(255, 255, 255)" });
    }
    assert_eq!(chromium.complaints, Vec::<String>::new());
}

#[test]
fn what_is_overwritten_is_seen() {
    let (mut chromium, page) = browser!("overwritten", page(vec![lost_update()]));
    chromium.open(&page, "#f1", 1200, false);
    assert_eq!(chromium.text("#f1 .lost"), "overwrites 30 of sword, step 5");
    assert_eq!(chromium.count("#f1 .lost"), 1);
    let numbers =
        "[...document.querySelectorAll('#f1 .row.decides')].map(r => r.textContent).join()";
    let numbers = chromium.value(numbers);
    let numbers = numbers.as_str().expect("text");
    assert!(numbers.starts_with("31load balance = 50"), "{numbers}");
    assert!(numbers.contains("63store balance = 10"), "{numbers}");
}

#[test]
fn keys_step_through_the_execution() {
    let (mut chromium, page) = browser!("keys", page(vec![lost_update(), deadlock()]));
    chromium.open(&page, "#f1", 1200, false);
    let counter = "#f1 .counter";
    let state = "#f1 .state tr";
    assert_eq!(chromium.text(counter), "9 steps");
    assert_eq!(chromium.text(state), "balance 10 9");
    for _ in 0..5 {
        chromium.press("j");
    }
    assert_eq!(chromium.text(counter), "step 5 of 9");
    assert_eq!(chromium.text(state), "balance 30 5", "what the sword has left");
    assert_eq!(chromium.text("#f1 .row.current .said"), "store balance = 30");
    chromium.press("k");
    chromium.press("k");
    assert_eq!(chromium.text(state), "balance 50 3");
    assert_eq!(chromium.value("location.hash"), "#f1&step=3");
    // Arrows belong to the list that has the focus.
    chromium.press("ArrowDown");
    assert_eq!(chromium.text(counter), "step 3 of 9");
    chromium.value("document.querySelector('#f1 .steps').focus()");
    chromium.press("ArrowDown");
    assert_eq!(chromium.text(counter), "step 4 of 9");
    chromium.press("End");
    assert_eq!(
        chromium.text("#f1 .row.current .said"),
        "money is conserved: 60 spent, 10 left of 50"
    );
    chromium.press("Home");
    assert_eq!(chromium.text(counter), "step 1 of 9");
    let selected = "document.getElementById(document.querySelector('#f1 .steps').getAttribute('aria-activedescendant')).getAttribute('aria-selected')";
    assert_eq!(chromium.value(selected), "true");
    chromium.press("Escape");
    assert_eq!(chromium.text(counter), "9 steps");

    chromium.press("o");
    assert_eq!(chromium.text(counter), "10 steps");
    assert_eq!(chromium.value("location.hash"), "#f1&view=met");
    chromium.press("o");
    chromium.press("p");
    assert_eq!(chromium.count("#f1 .drawing"), 2);
    assert_eq!(chromium.count("#f1 .parts"), 2, "where they part is marked in both");
    chromium.picture("page-beside");
    // A card of a step that only the passing execution has.
    chromium.value("document.querySelector('#f1-b-6').dispatchEvent(new PointerEvent('pointerover', { bubbles: true }))");
    assert_eq!(chromium.text("#f1 .panel .did"), "join sword");
    chromium.value(
        "document.querySelector('#f1 .stage').dispatchEvent(new PointerEvent('pointerleave'))",
    );
    chromium.press("p");
    chromium.press("f");
    assert_eq!(chromium.text("#f1 .folded"), "1 step does not matter");
    assert_eq!(chromium.count("#f1 .row"), 10);
    chromium.press("?");
    assert_eq!(chromium.count("dialog[open]"), 1);
    chromium.press("?");
    assert_eq!(chromium.count("dialog[open]"), 0);
    chromium.press("n");
    chromium.press("j");
    assert_eq!(chromium.text("#f2 .counter"), "step 1 of 4");
    assert_eq!(chromium.complaints, Vec::<String>::new());
}

#[test]
fn the_mouse_does_it_too() {
    let (mut chromium, page) = browser!("mouse", page(vec![lost_update()]));
    chromium.open(&page, "", 1200, false);
    chromium.click("#f1 [data-key=j]");
    chromium.click("#f1 [data-key=j]");
    assert_eq!(chromium.text("#f1 .counter"), "step 2 of 9");
    chromium.click("#f1 .row[data-step='9']");
    assert_eq!(chromium.text("#f1 .counter"), "step 9 of 9");
    chromium.click("#f1 .sentence .link");
    assert_eq!(chromium.text("#f1 .counter"), "step 3 of 9");
    let code = chromium.text("#f1 .panel .code");
    assert_eq!(code, "let found = balance.load(SeqCst);", "the line of the source");
    chromium.click("#f1 [data-key=p]");
    assert_eq!(chromium.count("#f1 .drawing"), 2);
    chromium.click(".tools button");
    let paper = chromium.value("getComputedStyle(document.body).backgroundColor");
    assert_eq!(paper, "rgb(21, 24, 29)", "dark by hand");
}

#[test]
fn an_address_leads_to_a_step() {
    let (mut chromium, page) = browser!("address", page(vec![lost_update()]));
    chromium.open(&page, "#f1&step=6&view=met&beside", 1200, false);
    assert_eq!(chromium.text("#f1 .counter"), "step 6 of 10");
    assert_eq!(chromium.count("#f1 .drawing"), 2);
    let seen = "(box => box.top >= 0 && box.bottom <= innerHeight)(document.querySelector('.row.current').getBoundingClientRect())";
    assert_eq!(chromium.value(seen), true);
    // Nothing that a page does not have is believed.
    chromium.open(&page, "#f1&step=99&view=other", 1200, false);
    assert_eq!(chromium.text("#f1 .counter"), "9 steps");
    assert_eq!(chromium.complaints, Vec::<String>::new());
}

#[test]
fn thousands_of_steps_open_at_once() {
    let (mut chromium, page) = browser!("long", page(vec![long(5_000)]));
    chromium.open(&page, "", 1200, false);
    let ready = chromium.value("Number(document.documentElement.dataset.ready)");
    let ready = ready.as_f64().expect("a number");
    assert!(ready < 2_000.0, "drawn after {ready} ms");
    chromium.open(&page, "#f1&step=4900", 1200, false);
    assert_eq!(chromium.text("#f1 .row.current .said"), "fetch_add balance: 4899 → 4900");
    chromium.picture("page-long");
    assert!(chromium.count("*") < 5_000, "only what is in view is there");
    let slowest = "(async () => { let slowest = 0; for (let i = 0; i < 30; i += 1) { const before = performance.now(); scrollBy(0, -300); await new Promise(requestAnimationFrame); slowest = Math.max(slowest, performance.now() - before); } return slowest; })()";
    let slowest = chromium.value(slowest);
    assert!(slowest.as_f64().expect("a number") < 250.0, "a frame took {slowest} ms");
}

#[test]
fn paper_is_white_and_has_all_rows() {
    let (mut chromium, page) = browser!("paper", page(vec![long(120)]));
    chromium.open(&page, "", 1200, true);
    assert!(chromium.count("#f1 .row") < 120);
    chromium.media("print", "dark");
    let paper = chromium.value("getComputedStyle(document.body).backgroundColor");
    assert_eq!(paper, "rgb(255, 255, 255)");
    chromium.value("dispatchEvent(new Event('beforeprint'))");
    assert_eq!(chromium.count("#f1 .row"), 121);
    chromium.value("dispatchEvent(new Event('afterprint'))");
    chromium.media("", "dark");
    assert!(chromium.print("page").starts_with(b"%PDF"));
    chromium.press("j");
    assert_eq!(chromium.text("#f1 .counter"), "step 1 of 120", "it goes on as before");
}

#[test]
fn hostile_text_stays_text() {
    let (mut chromium, page) = browser!("hostile", page(vec![hostile()]));
    chromium.open(&page, "#f1&step=3&beside", 1200, false);
    chromium.press("j");
    chromium.press("o");
    assert_eq!(chromium.value("window.stolen === undefined"), true);
    assert_eq!(chromium.count("img"), 0);
    assert!(chromium.text("#f1 .row .said").starts_with("</script><img"));
    assert_eq!(chromium.complaints, Vec::<String>::new());
}
