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
    /// Where a line ends.
    end: usize,
}

impl Layout {
    /// The lines of a row's text. What is too long for its column hangs over
    /// the columns to its right, whose threads do nothing meanwhile, if it is
    /// much shorter that way.
    pub(super) fn texts(&self, row: &Row) -> Vec<String> {
        let narrow = self.widths[row.thread] - 2;
        if text::width(&row.text) <= narrow {
            return text::wrap(&row.text, narrow);
        }
        if row.is_linked() {
            // `spawn NAME`: the line leads to the name.
            let verb = row.text.split(' ').next().unwrap_or_default();
            return text::wrap(verb, narrow);
        }
        let end = match (self.place_x, &row.place) {
            (Some(x), _) => x - GAP,
            (None, Some(place)) => {
                self.end.saturating_sub(text::width(&self.form.write(place)) + GAP)
            }
            (None, None) => self.end,
        };
        let wide = end.saturating_sub(self.xs[row.thread] + 2).max(narrow);
        let (narrow, wide) = (text::wrap(&row.text, narrow), text::wrap(&row.text, wide));
        if wide.len() * 2 <= narrow.len() { wide } else { narrow }
    }
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
        let texts = match row.kind {
            StepKind::Failure => vec![row.text.clone()],
            _ => layout.texts(row),
        };
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

    let room = inline.map_or(room, |place| room.saturating_sub(place + GAP));
    if cap(&naturals, room) < widest.min(NARROWEST) {
        return None;
    }
    let widths = widths(&naturals, room);
    let mut at = gutter;
    let mut xs = Vec::with_capacity(widths.len());
    for width in &widths {
        xs.push(at);
        at += width + GAP;
    }
    Some(Layout { gutter, xs, widths, place_x: inline.map(|_| at), form, end: style.width })
}

fn shown(rows: &[Row]) -> impl Iterator<Item = &Row> {
    rows.iter().filter(|row| row.hidden.is_none())
}

/// For each thread, the width its column would have if there were no limit.
fn naturals(trace: &Trace, rows: &[Row]) -> Vec<usize> {
    let mut naturals: Vec<usize> =
        trace.threads.iter().map(|thread| text::width(&thread.name).max(8)).collect();
    for row in shown(rows) {
        let extra = match row.kind {
            // The failure's text may leave its column.
            StepKind::Failure => continue,
            // Some room for the line to the other thread.
            StepKind::Operation if row.is_linked() => 4,
            _ => 2,
        };
        let widest = text::harmless(&row.text).lines().map(text::width).max().unwrap_or(0);
        let natural = &mut naturals[row.thread];
        *natural = (*natural).max((widest + extra).min(WIDEST));
    }
    naturals
}

/// The widths of the columns. The last one, whose text cannot hang over others,
/// is served first.
fn widths(naturals: &[usize], room: usize) -> Vec<usize> {
    let (last, others) = naturals.split_last().expect("there is a thread");
    let comfortable: usize = others.iter().map(|natural| natural.min(&COMFORTABLE)).sum();
    let last = (*last).min(cap(naturals, room).max(room.saturating_sub(comfortable)));
    let cap = cap(others, room - last);
    others.iter().map(|&natural| natural.min(cap)).chain([last]).collect()
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
    use super::{cap, widths};

    #[test]
    fn the_last_column_is_served_first_and_leaves_the_others_readable() {
        assert_eq!(widths(&[10, 40, 40], 80), [10, 30, 40]);
        assert_eq!(widths(&[10, 40, 40], 60), [10, 16, 34]);
        assert_eq!(widths(&[40, 10], 60), [40, 10]);
        assert_eq!(widths(&[40], 30), [30]);
    }

    #[test]
    fn narrow_columns_leave_their_share_to_the_others() {
        assert_eq!(cap(&[10, 40, 40], 70), 30);
        assert_eq!(cap(&[20, 20], 30), 15);
        assert!(cap(&[10, 20], 30) >= 20);
        assert_eq!(cap(&[10, 20], 0), 0);
    }
}
