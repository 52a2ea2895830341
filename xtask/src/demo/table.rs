//! What the demo ends with: one row per update, and what is wrong with it.

use std::fmt::Write;
use std::time::Duration;

/// One update, as it was seen from outside.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    pub(super) program: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) route: String,
    pub(super) fetched: u64,
    pub(super) full: u64,
    pub(super) took: Duration,
    /// The most memory that the updating process held, in bytes.
    pub(super) peak: u64,
    pub(super) sha256_before: String,
    pub(super) sha256_after: String,
    /// SHA-256 of the file that was published.
    pub(super) published: String,
    /// Patches and full artifacts that the server gave out for it.
    pub(super) patches: u64,
    pub(super) fulls: u64,
    /// Why a program that ran before does not run now as it should. `None`: it does, or it is a tool.
    pub(super) not_running: Option<String>,
}

impl Row {
    /// What is wrong with this update; nothing if it went as it should.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.sha256_after != self.published {
            faults.push("the file is not the published one".to_owned());
        }
        if self.sha256_before == self.sha256_after {
            faults.push("the file is still the old one".to_owned());
        }
        if self.patches != 1 {
            faults.push(format!("{} patches were fetched instead of one", self.patches));
        }
        if self.fulls != 0 {
            faults.push(format!("{} full files were fetched", self.fulls));
        }
        faults.extend(self.not_running.clone());
        faults
    }
}

/// The table, and below it the whole hashes.
pub(super) fn render(rows: &[Row]) -> String {
    let head = ["program", "from", "to", "route", "fetched", "full", "share", "seconds", "peak memory"];
    let mut cells: Vec<Vec<String>> = vec![head.map(str::to_owned).to_vec()];
    for row in rows {
        cells.push(vec![
            row.program.clone(),
            row.from.clone(),
            row.to.clone(),
            row.route.clone(),
            bytes(row.fetched),
            bytes(row.full),
            share(row.fetched, row.full),
            format!("{:.1}", row.took.as_secs_f64()),
            bytes(row.peak),
        ]);
    }
    let widths: Vec<usize> = (0..head.len())
        .map(|column| cells.iter().filter_map(|row| row.get(column)).map(String::len).max().unwrap_or(0))
        .collect();
    let mut out = String::new();
    for row in &cells {
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            // Words to the left, numbers to the right. Writing to a string cannot fail.
            let _ =
                if column < 4 { write!(out, "{cell:<width$}  ") } else { write!(out, "{cell:>width$}  ") };
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
    }
    out.push('\n');
    for row in rows {
        let width = widths.first().copied().unwrap_or(0);
        let _ = writeln!(out, "{:<width$}  SHA-256 before  {}", row.program, row.sha256_before);
        let _ = writeln!(out, "{:<width$}          after   {}", "", row.sha256_after);
    }
    out
}

/// Bytes as people read them, in powers of 1024.
pub(super) fn bytes(count: u64) -> String {
    let mut tenths = u128::from(count) * 10;
    for unit in ["B", "KiB", "MiB"] {
        if tenths < 10 * 1024 {
            let (whole, rest) = (tenths / 10, tenths % 10);
            return if unit == "B" { format!("{whole} {unit}") } else { format!("{whole}.{rest} {unit}") };
        }
        tenths /= 1024;
    }
    format!("{}.{} GiB", tenths / 10, tenths % 10)
}

fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return String::from("-");
    }
    let tenths = u128::from(part) * 1000 / u128::from(whole);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Row {
        Row {
            program: "esbuild".into(),
            from: "0.28.1".into(),
            to: "0.28.2".into(),
            route: "patch rt1".into(),
            fetched: 512 << 10,
            full: 10 << 20,
            took: Duration::from_millis(1250),
            peak: 20 << 20,
            sha256_before: "aa".into(),
            sha256_after: "bb".into(),
            published: "bb".into(),
            patches: 1,
            fulls: 0,
            not_running: None,
        }
    }

    #[test]
    fn an_update_as_it_should_be_has_no_fault() {
        assert_eq!(good().faults(), [""; 0]);
    }

    #[test]
    fn every_condition_can_fail() {
        let check = |change: &dyn Fn(&mut Row), expected: &str| {
            let mut row = good();
            change(&mut row);
            assert!(
                row.faults().iter().any(|fault| fault.contains(expected)),
                "{expected}: {:?}",
                row.faults()
            );
        };
        check(&|row| row.sha256_after = "cc".into(), "not the published one");
        check(&|row| row.sha256_after = "aa".into(), "still the old one");
        check(&|row| row.patches = 0, "0 patches");
        check(&|row| row.patches = 2, "2 patches");
        check(&|row| row.fulls = 1, "1 full");
        check(&|row| row.not_running = Some("it is gone".into()), "it is gone");
    }

    #[test]
    fn the_table_lines_up() {
        let text = render(&[good()]);
        let expected = "\
program  from    to      route        fetched      full  share  seconds  peak memory
esbuild  0.28.1  0.28.2  patch rt1  512.0 KiB  10.0 MiB  5.0 %      1.2     20.0 MiB
";
        assert!(text.starts_with(expected), "{text}");
    }

    #[test]
    fn sizes_are_readable() {
        for (count, expected) in [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (3 << 30, "3.0 GiB")] {
            assert_eq!(bytes(count), expected);
        }
    }
}
