//! Words and numbers: widths, wrapping, thousands separators, times.

use std::time::Duration;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The width of `text` in terminal columns.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// `text` without anything that could disturb a terminal: tabs become spaces,
/// other control characters (line ends excepted) their escaped form.
pub fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push('\n'),
            '\r' => {}
            '\t' => out.push_str("    "),
            c if c.is_control() => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}

/// `text` in lines of at most `room` columns: broken at its own line ends, at
/// spaces, and inside a word only where the word alone is wider than the room.
/// Never empty.
pub fn wrap(text: &str, room: usize) -> Vec<String> {
    let room = room.max(2);
    let mut lines = Vec::new();
    for paragraph in harmless(text.trim_end()).split('\n') {
        // The indentation of a paragraph is the user's: it is kept.
        let body = paragraph.trim_start();
        let indent = &paragraph[..paragraph.len() - body.len()];
        let mut line = if width(indent) < room / 2 { indent.to_owned() } else { String::new() };
        let mut fresh = true;
        for mut word in body.split_whitespace() {
            if !fresh && width(&line) + 1 + width(word) <= room {
                line.push(' ');
                line.push_str(word);
                continue;
            }
            if !fresh {
                lines.push(std::mem::take(&mut line));
            }
            while width(&line) + width(word) > room {
                let at = break_at(word, room - width(&line).min(room - 1));
                line.push_str(&word[..at]);
                lines.push(std::mem::take(&mut line));
                word = &word[at..];
            }
            line.push_str(word);
            fresh = false;
        }
        lines.push(line);
    }
    lines
}

/// Where to break a word that is wider than `room`: behind punctuation in the
/// second half of the room if there is any, else at its end.
fn break_at(word: &str, room: usize) -> usize {
    let mut used = 0;
    let mut end = 0;
    let mut soft = None;
    for (at, c) in word.char_indices() {
        used += c.width().unwrap_or(0);
        if used > room && at > 0 {
            break;
        }
        end = at + c.len_utf8();
        if used * 2 > room && matches!(c, '/' | ':' | '.' | ',' | '_' | '-' | '(' | ')' | ';') {
            soft = Some(end);
        }
    }
    soft.unwrap_or(end)
}

/// `text` in one line of at most `room` columns, its end cut off for a `…` if
/// it is wider.
pub fn cut(text: &str, room: usize) -> String {
    let text = harmless(text).replace('\n', " ");
    if width(&text) <= room {
        return text;
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > room {
            break;
        }
        out.push(c);
    }
    out.truncate(out.trim_end().len());
    if room > 0 {
        out.push('…');
    }
    out
}

/// `text`, filled up with spaces at its right.
pub fn left(text: &str, room: usize) -> String {
    format!("{text}{}", " ".repeat(room.saturating_sub(width(text))))
}

/// `text`, filled up with spaces at its left.
pub fn right(text: &str, room: usize) -> String {
    format!("{}{text}", " ".repeat(room.saturating_sub(width(text))))
}

/// A number with thousands separators: `12,345`.
pub fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number with its noun: `1 step`, `2,000 steps`.
pub fn counted(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", number(n), if n == 1 { "" } else { "s" })
}

/// A time for people: `340 µs`, `1.2 ms`, `3.2 s`, `2 min 05 s`.
pub fn time(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    // The limits are where rounding would give a four-digit number.
    if seconds < 999.5e-6 {
        format!("{:.0} µs", seconds * 1e6)
    } else if seconds < 9.95e-3 {
        format!("{:.1} ms", seconds * 1e3)
    } else if seconds < 0.9995 {
        format!("{:.0} ms", seconds * 1e3)
    } else if seconds < 99.95 {
        format!("{seconds:.1} s")
    } else {
        let whole = seconds.round() as u64;
        format!("{} min {:02} s", number(whole / 60), whole % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_on_spaces_and_only_then_in_words() {
        assert_eq!(wrap("lock accounts now", 13), ["lock accounts", "now"]);
        assert_eq!(wrap("", 10), [""]);
        assert_eq!(wrap("a\n  b", 10), ["a", "  b"]);
        assert_eq!(wrap("src/one/two.rs:17", 10), ["src/one/", "two.rs:17"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("ok abcdefghij", 4), ["ok", "abcd", "efgh", "ij"]);
        assert_eq!(wrap("价格价格价格", 5), ["价格", "价格", "价格"]);
    }

    #[test]
    fn escapes_do_not_reach_the_terminal() {
        assert_eq!(harmless("a\u{1b}[31mb\tc\r\n"), "a\\u{1b}[31mb    c\n");
    }

    #[test]
    fn cuts_with_an_ellipsis() {
        assert_eq!(cut("balance never negative", 14), "balance never…");
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("价格价格", 5), "价格…");
    }

    #[test]
    fn numbers_and_times() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(1_000), "1,000");
        assert_eq!(number(u64::MAX), "18,446,744,073,709,551,615");
        assert_eq!(counted(1, "step"), "1 step");
        assert_eq!(time(Duration::ZERO), "0 µs");
        assert_eq!(time(Duration::from_nanos(999_700)), "1.0 ms");
        assert_eq!(time(Duration::from_micros(340)), "340 µs");
        assert_eq!(time(Duration::from_micros(9_960)), "10 ms");
        assert_eq!(time(Duration::from_millis(3_240)), "3.2 s");
        assert_eq!(time(Duration::from_secs(125)), "2 min 05 s");
    }
}
