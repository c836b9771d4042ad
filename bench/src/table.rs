//! Tables in plain text.

use std::fmt;

/// Rows of cells under a heading; the first `left` columns are set to the
/// left, the others to the right.
#[derive(Debug)]
pub struct Table {
    left: usize,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table of these columns.
    pub fn new<const N: usize>(left: usize, heading: [&str; N]) -> Self {
        Table { left, rows: vec![heading.map(str::to_owned).into()] }
    }

    /// Adds a row. It may be shorter than the heading; its last cell then runs
    /// on to the right, as a remark.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    fn width(&self, column: usize) -> usize {
        let columns = self.rows[0].len();
        let remark = |row: &Vec<String>| row.len() < columns && column + 1 == row.len();
        let cells = self.rows.iter().filter(|row| !remark(row)).filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths: Vec<usize> = (0..self.rows[0].len()).map(|column| self.width(column)).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let width = widths[column];
                let remark = row.len() < widths.len() && column + 1 == row.len();
                if column < self.left || remark {
                    line += &format!("{cell:width$}  ");
                } else {
                    line += &format!("{cell:>width$}  ");
                }
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_but_remarks_run_on() {
        let mut table = Table::new(1, ["tool", "n", "time"]);
        table.row(["a", "1,000", "2 s"].map(str::to_owned).into());
        table.row(["long name", "not on this machine"].map(str::to_owned).into());
        let expected = "tool           n  time\n\
                        a          1,000   2 s\n\
                        long name  not on this machine\n";
        assert_eq!(table.to_string(), expected);
    }
}
