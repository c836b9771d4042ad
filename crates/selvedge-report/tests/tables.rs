//! Snapshots of tables and JSON.

mod common;

use common::scenarios;
use insta::assert_snapshot;
use selvedge_core::report::End;
use selvedge_report::summary::{Row, Widths, header, row, table, totals};
use selvedge_report::text::width;
use selvedge_report::{Style, json};

fn rows(
    all: &[(selvedge_core::scenario::Scenario, selvedge_core::report::Report)],
) -> Vec<Row<'_>> {
    all.iter()
        .map(|(scenario, report)| Row::new(scenario, report, scenario.sampled.is_none()))
        .collect()
}

#[test]
fn tables() {
    let all = scenarios();
    let rows = rows(&all);
    for columns in [80, 100, 140] {
        let style = Style::plain(columns);
        let both = format!("{}\n{}", table(&rows, &style), totals(&rows, &style));
        assert_snapshot!(format!("table_{columns}"), both);
    }
    let style = Style::coloured(100);
    assert_snapshot!("table_coloured", table(&rows[..4], &style).replace('\u{1b}', "␛"));
}

#[test]
fn all_is_well() {
    let all = scenarios();
    let rows = rows(&all);
    let style = Style::plain(100);
    assert_snapshot!("totals_good", totals(&rows[..3], &style));
    assert_snapshot!("totals_sampled", totals(&rows[..5], &style));
}

/// A part was counted as sampled.
#[test]
fn a_part_of_a_search_is_called_one() {
    let mut all = scenarios();
    // One that has to hold, and one that has to break and did not.
    let mut parts = [all.swap_remove(4), all.swap_remove(6)];
    for (number, (_, report)) in (1..).zip(&mut parts) {
        report.end = End::Part(format!("{number}/2"));
    }
    let rows: Vec<_> =
        parts.iter().map(|(scenario, report)| Row::new(scenario, report, false)).collect();
    let style = Style::plain(100);
    for (name, rows) in [("part", &rows[..1]), ("parts", &rows[..])] {
        let both = format!("{}\n{}", table(rows, &style), totals(rows, &style));
        assert_snapshot!(name, both);
    }
    assert_snapshot!(
        "part_coloured",
        totals(&rows[..1], &Style::coloured(100)).replace('\u{1b}', "␛")
    );
}

#[test]
fn a_row_at_a_time_has_the_widths_of_the_table() {
    let all = scenarios();
    let rows = rows(&all);
    let style = Style::plain(100);
    let widths = Widths::of(all.iter().map(|(scenario, _)| scenario), &style);
    let table = table(&rows, &style);
    assert!(table.starts_with(&header(&widths, &style)));
    for one in &rows {
        assert!(table.contains(&row(one, &widths, &style)));
    }
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let all = scenarios();
    let rows = rows(&all);
    for columns in [80, 90, 100, 110, 120, 200] {
        let style = Style::plain(columns);
        for line in table(&rows, &style).lines().chain(totals(&rows, &style).lines()) {
            assert!(width(line) <= columns, "{columns}: {line}");
        }
    }
}

#[test]
fn json_lines() {
    let all = scenarios();
    let lines: Vec<String> = rows(&all).iter().map(json::line).collect();
    assert!(lines.iter().all(|line| !line.contains('\n')));
    assert_snapshot!("json", lines.join("\n"));
}
