//! The page for a browser: its HTML, and what a browser makes of it.

mod browser;
mod chromium;
#[path = "../common/mod.rs"]
mod common;
mod fixtures;

use scraper::{Html, Selector};
use selvedge_core::failure::Failure;
use selvedge_core::report::{End, Report};
use selvedge_core::scenario::Scenario;
use selvedge_core::trace::Trace;
use selvedge_report::html;
use selvedge_report::summary::Row;
use serde_json::Value;

use fixtures::{HOSTILE, deadlock, hostile, long, lost_update};

const PROGRAM: &str = "cargo run --release --";

/// A page of made-up scenarios, with these failures in the first one.
fn page(failures: Vec<Failure>) -> String {
    page_of(None, failures)
}

/// The same; the first one may have another name.
fn page_of(name: Option<&'static str>, failures: Vec<Failure>) -> String {
    let mut all: Vec<(Scenario, Report)> = common::scenarios();
    if let Some(name) = name {
        all[0].0.name = name.into();
    }
    all[0].1.failures = failures;
    all[0].1.end = End::Exhausted;
    let rows: Vec<Row<'_>> = all
        .iter()
        .map(|(scenario, report)| Row::new(scenario, report, scenario.sampled.is_none()))
        .collect();
    html::page(&rows, PROGRAM)
}

fn selected<'a>(page: &'a Html, selector: &str) -> Vec<scraper::ElementRef<'a>> {
    page.select(&Selector::parse(selector).expect("a selector")).collect()
}

/// Every kind of page.
fn pages() -> [String; 4] {
    [
        page(vec![lost_update(), deadlock()]),
        page(vec![hostile()]),
        page_of(Some(HOSTILE), vec![hostile()]),
        page(vec![long(300)]),
    ]
}

#[test]
fn pages_are_valid_html() {
    for text in pages() {
        let page = Html::parse_document(&text);
        assert_eq!(page.errors, Vec::<&str>::new());
        let mut ids: Vec<&str> =
            selected(&page, "[id]").iter().filter_map(|e| e.value().attr("id")).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count, "each name stands for one element");
        for link in selected(&page, "a") {
            let target = link.value().attr("href").and_then(|to| to.strip_prefix('#'));
            assert!(target.is_some_and(|to| ids.contains(&to)), "{link:?}");
        }
    }
}

#[test]
fn the_parser_knows_what_is_wrong() {
    assert_ne!(Html::parse_document("<!DOCTYPE html><p></b>").errors, Vec::<&str>::new());
}

#[test]
fn a_page_needs_nothing_beside_it() {
    for text in pages() {
        let page = Html::parse_document(&text);
        assert!(selected(&page, "[src], [srcset], [data], link, iframe, object, base").is_empty());
        let styles = selected(&page, "style, script:not([type])");
        for part in styles.iter().map(|e| e.text().collect::<String>()) {
            for loaded in ["@import", "fetch(", "XMLHttpRequest", "import(", "innerHTML"] {
                assert!(!part.contains(loaded), "{loaded}");
            }
            let elsewhere = |rest: &str| !rest.starts_with('#');
            assert!(!part.split("url(").skip(1).any(elsewhere));
            let namespace = part.replace("http://www.w3.org/2000/svg", "");
            assert!(!namespace.contains("http:") && !namespace.contains("https:"));
        }
    }
}

#[test]
fn text_of_the_program_is_never_markup() {
    for text in &pages()[1..3] {
        let page = Html::parse_document(text);
        assert!(selected(&page, "img").is_empty());
        assert_eq!(selected(&page, "script").len(), 1 + selected(&page, "pre").len());
        let message: String = selected(&page, ".message")[0].text().collect();
        assert!(message.starts_with("</script><img src=x"), "{message}");
        assert!(!text.contains('\u{1b}'), "no control characters");
    }
}

#[test]
fn the_executions_in_a_page_are_those_of_the_failure() {
    for failure in [lost_update(), hostile()] {
        let page = page(vec![failure.clone()]);
        let page = Html::parse_document(&page);
        let json: String = selected(&page, "script[type='application/json']")[0].text().collect();
        let data: Value = serde_json::from_str(&json).expect("JSON");
        let read =
            |name: &str| serde_json::from_value::<Option<Trace>>(data[name].clone()).unwrap();
        assert_eq!(read("shown"), failure.trace);
        assert_eq!(read("met"), failure.story.met);
        assert_eq!(read("passing"), failure.story.passing);
    }
}

/// How much lighter one of two colours is than the other, by WCAG 2.
fn contrast(one: &str, other: &str) -> f64 {
    let luminance = |colour: &str| {
        let channel = |at: usize| {
            let byte = u8::from_str_radix(&colour[at..at + 2], 16).expect("two hexadecimal digits");
            let c = f64::from(byte) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    };
    let (a, b) = (luminance(one), luminance(other));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn colours_can_be_told_from_the_paper() {
    assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 0.01);
    let text = page(vec![lost_update()]);
    // Both colours of a name: in the light, in the dark.
    let colours = |name: &str| {
        let pair = text.split_once(&format!("--{name}: light-dark(")).expect("a colour").1;
        let pair = pair.split_once(')').expect("an end").0;
        let (light, dark) = pair.split_once(", ").expect("two colours");
        [light.to_owned(), dark.to_owned()]
    };
    let readable = |name: &str, paper: &str, least: f64| {
        for (colour, paper) in colours(name).iter().zip(&colours(paper)) {
            let contrast = contrast(colour, paper);
            assert!(contrast >= least, "{name}: {colour} on {paper}: {contrast:.2}");
        }
    };
    for paper in ["paper", "sheet", "key-paper"] {
        for name in ["ink", "soft", "link", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7"] {
            readable(name, paper, 4.5);
        }
    }
    readable("bad", "paper", 4.5);
    readable("bad", "bad-paper", 4.5);
    readable("key", "paper", 4.5);
    readable("key", "key-paper", 4.5);
    readable("good", "paper", 4.5);
    readable("reads", "paper", 4.5);
}

#[test]
fn equal_reports_make_equal_pages() {
    assert_eq!(pages(), pages());
}

#[test]
fn without_a_script_the_page_says_it_all() {
    let text = page(vec![lost_update(), deadlock()]);
    let body = text.split_once("<body>").expect("a body").1;
    let mut out = String::new();
    for (index, part) in body.split("<script").enumerate() {
        let shown = if index == 0 { part } else { part.split_once("</script>").expect("an end").1 };
        out.push_str(shown);
    }
    // Each element on a line of its own can be read, and compared.
    insta::assert_snapshot!("page", out.replace("><", ">\n<"));
}
