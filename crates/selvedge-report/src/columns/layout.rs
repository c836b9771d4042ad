//! How wide the columns of a drawing are, and where the places go.

use selvedge_core::place::Place;
use selvedge_core::trace::{StepKind, Trace};

use super::gutter;
use super::rows::Row;
use crate::style::Style;
use crate::text;

/// Columns narrower than this (their mark included) cannot be read.
const NARROWEST: usize = 14;
/// Columns are made at least that wide, if they need it, before places are
/// written beside them.
const COMFORTABLE: usize = 16;
/// No text gets more room than this before it is wrapped.
const WIDEST: usize = 52;
/// The space between two columns.
const GAP: usize = 2;

/// Where everything is, horizontally.
#[derive(Debug)]
pub(super) struct Layout {
    /// Where the columns begin.
    pub(super) gutter: usize,
    /// For each thread, where its column begins.
    pub(super) xs: Vec<usize>,
    /// For each thread, the width of its column.
    pub(super) widths: Vec<usize>,
    /// Where places begin that fit beside the columns.
    pub(super) place_x: Option<usize>,
    /// How places are written.
    pub(super) form: PlaceForm,
}

/// How a place is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlaceForm {
    /// `src/shop/purchase.rs:131`
    Path,
    /// `purchase.rs:131`, where there is no room for the path beside the columns.
    File,
}

impl PlaceForm {
    pub(super) fn write(self, place: &Place) -> String {
        let path = place.short();
        match self {
            PlaceForm::Path => path,
            PlaceForm::File => path.rsplit(['/', '\\']).next().unwrap_or(&path).to_owned(),
        }
    }
}

/// Finds room for all columns, or `None` if they would be too narrow. Places
/// are written with their path unless the drawing is shorter without.
pub(super) fn columns(trace: &Trace, rows: &[Row], style: &Style) -> Option<Layout> {
    let forms = [PlaceForm::Path, PlaceForm::File];
    let layouts = forms.into_iter().filter_map(|form| arrange(trace, rows, style, form));
    layouts.min_by_key(|layout| lines(rows, layout, style))
}

/// How many lines the rows take.
fn lines(rows: &[Row], layout: &Layout, style: &Style) -> usize {
    let lines = |row: &Row| {
        if row.kind == StepKind::Failure {
            return 1;
        }
        let texts = text::wrap(&row.text, layout.widths[row.thread] - 2);
        let end = layout.xs[row.thread] + 2 + texts.first().map_or(0, |text| text::width(text));
        let place = row.place.as_ref().map_or(0, |place| text::width(&layout.form.write(place)));
        let begin = layout.place_x.unwrap_or(end + GAP).max(end + GAP);
        texts.len() + usize::from(place > 0 && begin + place > style.width)
    };
    shown(rows).map(lines).sum()
}

fn arrange(trace: &Trace, rows: &[Row], style: &Style, form: PlaceForm) -> Option<Layout> {
    let gutter = gutter(rows);
    let naturals = naturals(trace, rows);
    let widest = naturals.iter().copied().max().unwrap_or(0);
    let gaps = GAP * (naturals.len() - 1);
    let room = style.width.saturating_sub(gutter + gaps);

    let mut places: Vec<usize> = shown(rows)
        .filter_map(|row| row.place.as_ref())
        .map(|place| text::width(&form.write(place)))
        .collect();
    places.sort_unstable();
    // The widest place that leaves the columns comfortable; places that are
    // wider still get a line of their own, as long as they are the exception.
    let beside = |place: usize| cap(&naturals, room.saturating_sub(place + GAP));
    let fits = |place: usize| beside(place) >= widest.min(COMFORTABLE);
    let fitting = places.partition_point(|&place| fits(place));
    let inline = (fitting > 0 && fitting * 2 >= places.len()).then(|| places[fitting - 1]);

    let cap = match inline {
        Some(place) => beside(place),
        None => cap(&naturals, room),
    };
    if cap < widest.min(NARROWEST) {
        return None;
    }
    let widths: Vec<usize> = naturals.iter().map(|&natural| natural.min(cap)).collect();
    let mut at = gutter;
    let mut xs = Vec::with_capacity(widths.len());
    for width in &widths {
        xs.push(at);
        at += width + GAP;
    }
    Some(Layout { gutter, xs, widths, place_x: inline.map(|_| at), form })
}

fn shown(rows: &[Row]) -> impl Iterator<Item = &Row> {
    rows.iter().filter(|row| row.hidden.is_none())
}

/// For each thread, the width its column would have if there were no limit.
fn naturals(trace: &Trace, rows: &[Row]) -> Vec<usize> {
    let mut naturals: Vec<usize> =
        trace.threads.iter().map(|thread| text::width(&thread.name).max(8)).collect();
    for row in shown(rows) {
        let links = !row.spawns.is_empty() || !row.joins.is_empty();
        let extra = match row.kind {
            // The failure's text may leave its column.
            StepKind::Failure => continue,
            // Some room for the line to the other thread.
            StepKind::Operation if links => 4,
            _ => 2,
        };
        let widest = text::harmless(&row.text).lines().map(text::width).max().unwrap_or(0);
        let natural = &mut naturals[row.thread];
        *natural = (*natural).max((widest + extra).min(WIDEST));
    }
    naturals
}

/// The largest width that all columns can be limited to so that they fit.
fn cap(naturals: &[usize], room: usize) -> usize {
    let mut sorted = naturals.to_vec();
    sorted.sort_unstable();
    let mut left = room;
    for (index, &natural) in sorted.iter().enumerate() {
        let share = left / (sorted.len() - index);
        if natural > share {
            return share;
        }
        left -= natural;
    }
    WIDEST
}

#[cfg(test)]
mod tests {
    use super::cap;

    #[test]
    fn narrow_columns_leave_their_share_to_the_others() {
        assert_eq!(cap(&[10, 40, 40], 70), 30);
        assert_eq!(cap(&[20, 20], 30), 15);
        assert!(cap(&[10, 20], 30) >= 20);
        assert_eq!(cap(&[10, 20], 0), 0);
    }
}
