//! The report in Markdown.

use std::fmt::Write as _;

use anyhow::Result;

use super::figures::{Row, Source, large, of_language, of_set, per_byte, times_smaller};
use super::goals::{self, OURS, Verdict};
use super::rivals::BSDIFF;
use super::tool::{Costs, Tool};
use crate::bench::machine;
use crate::corpus::{Language, Set};

/// Everything that was measured. `judged` are the rows that goals are about, `picture` the file that was drawn of them.
pub(super) fn render(
    rows: &[Row],
    judged: &[&Row],
    gates: &[Verdict],
    tools: &[&Tool],
    picture: Option<&str>,
) -> Result<String> {
    let names = names(rows, tools);
    let mut out = format!(
        "# What our patches come to\n\n`cargo xtask bench delta`, {}. Written by this command; do not edit.\n\n",
        machine::today()?
    );
    out.push_str("## Gates\n\n| gate | measured | |\n|---|--:|---|\n");
    for gate in gates {
        writeln!(out, "| {} | {} | {} |", gate.promise, gate.measured, gate.word())?;
    }
    out.push_str("\n## Goals\n\n");
    out.push_str("| rival | patches smaller by | on every pair | make: user time | make: memory | apply: user time | apply: memory |\n");
    out.push_str("|---|---|---|---|---|---|---|\n");
    for (rival, verdicts) in goals::aims(judged) {
        let cell =
            |Verdict { promise, measured, .. }: &Verdict, word| format!("{measured}, {promise}: {word}");
        let cells: Vec<String> = verdicts.iter().map(|verdict| cell(verdict, verdict.word())).collect();
        writeln!(out, "| {rival} | {} |", cells.join(" | "))?;
    }
    out.push_str("\n## Sizes\n\n");
    for (set, words) in [
        (Set::Adjacent, "Releases that follow each other"),
        (Set::Far, "Releases with others between them"),
        (Set::HeldOut, "Programs that nobody tuned to"),
    ] {
        let rows = of_set(rows, set);
        if !rows.is_empty() {
            writeln!(out, "{words}. Bytes; `*` is from an earlier run, `†` from another machine.\n")?;
            sizes(&mut out, &rows, &names)?;
        }
    }
    if let Some(picture) = picture {
        writeln!(out, "![Sizes of patches in times bsdiff's]({picture})\n")?;
    }
    let large = large(judged);
    if !large.is_empty() {
        costs(&mut out, &large, &names)?;
    }
    out.push_str("## The machine and the tools\n\n");
    out.push_str(&machine::kind()?);
    for Tool { name, version, make, apply, .. } in tools {
        let words = |steps: &[super::tool::Step]| {
            let each = steps.iter().map(|step| {
                let program = step.program.file_name().unwrap_or_default().to_string_lossy();
                format!("`{program} {}`", step.words)
            });
            each.collect::<Vec<_>>().join(", ")
        };
        writeln!(out, "- {name} ({version}): {}; {}", words(make), words(apply))?;
    }
    writeln!(out, "\n{}\n\n{COUNTED}", sources(rows))?;
    Ok(out.trim_end().to_owned() + "\n")
}

/// The columns: ours first, then everybody who has a figure.
fn names<'a>(rows: &[Row], tools: &[&'a Tool]) -> Vec<&'a str> {
    let mut names: Vec<&str> = tools.iter().map(|tool| tool.name).collect();
    for name in super::rivals::ALL {
        let stated = rows.iter().any(|row| row.cells.contains_key(name));
        if stated && !names.contains(name) {
            names.push(name);
        }
    }
    names
}

fn sizes(out: &mut String, rows: &[&Row], names: &[&str]) -> Result<()> {
    writeln!(out, "| pair | new file | {} |\n|---|--:|{}", names.join(" | "), "--:|".repeat(names.len()))?;
    for row in rows {
        write!(out, "| {} | {} |", row.pair.label, grouped(row.pair.new.length))?;
        for name in names {
            let cell = row.cells.get(name).map_or("-".to_owned(), |cell| {
                let sign = match cell.source {
                    Source::Now => "",
                    Source::Kept(_) => "\\*",
                    Source::Stated => "†",
                };
                grouped(cell.figures.patch) + sign
            });
            write!(out, " {cell} |")?;
        }
        out.push('\n');
    }
    let all = rows.to_vec();
    let groups = [
        ("all", all),
        ("Go", of_language(rows, Language::Go)),
        ("Rust and C++", of_language(rows, Language::Native)),
    ];
    for (words, rows) in groups.iter().filter(|(_, rows)| !rows.is_empty()) {
        write!(out, "| **{words}: ours smaller by** | pairs: {} |", rows.len())?;
        for name in names {
            let cell = times_smaller(rows, OURS, name).map_or("-".to_owned(), |times| format!("{times:.3}×"));
            write!(out, " {cell} |")?;
        }
        out.push('\n');
    }
    for (words, rows) in groups.iter().filter(|(_, rows)| !rows.is_empty()) {
        write!(out, "| {words}: in times bsdiff's size | |")?;
        for name in names {
            let cell =
                times_smaller(rows, BSDIFF, name).map_or("-".to_owned(), |times| format!("{times:.3}"));
            write!(out, " {cell} |")?;
        }
        out.push('\n');
    }
    out.push('\n');
    Ok(())
}

fn costs(out: &mut String, rows: &[&Row], names: &[&str]) -> Result<()> {
    type Of = fn(&Costs) -> u64;
    // What is counted, in which unit, and how many of it are in a megabyte of the new file for one of it in a byte.
    const COLUMNS: &[(&str, f64, Of)] = &[
        ("make: user s/MB", 1.0, |costs| costs.make.user),
        ("with kernel", 1.0, |costs| costs.make.user + costs.make.system),
        ("make: bytes/byte", 1.0, |costs| costs.make.rss),
        ("apply: user ms/MB", 1e3, |costs| costs.apply.user),
        ("with kernel", 1e3, |costs| costs.apply.user + costs.apply.system),
        ("apply: bytes/byte", 1.0, |costs| costs.apply.rss),
    ];
    let count = rows.len();
    writeln!(
        out,
        "## Costs\n\nSums over the {count} pairs of 20 MB and more, per length of the new files.\n"
    )?;
    write!(out, "| tool |")?;
    for (words, ..) in COLUMNS {
        write!(out, " {words} |")?;
    }
    writeln!(out, " apply: most memory |\n|---|{}", "--:|".repeat(COLUMNS.len() + 1))?;
    for name in names {
        write!(out, "| {name} |")?;
        for (_, unit, of) in COLUMNS {
            // A microsecond per byte is a second per MB.
            let cell =
                per_byte(rows, name, of).map_or("-".to_owned(), |value| format!("{:.2}", value * unit));
            write!(out, " {cell} |")?;
        }
        let most = rows.iter().filter_map(|row| row.costs(name)).map(|costs| costs.apply.rss).max();
        let most = most.map_or("-".to_owned(), |most| format!("{:.1} MiB", most as f64 / f64::from(1 << 20)));
        writeln!(out, " {most} |")?;
    }
    out.push('\n');
    Ok(())
}

/// Which figures are not of this run.
fn sources(rows: &[Row]) -> String {
    let cells = || rows.iter().flat_map(|row| row.cells.values());
    let days: std::collections::BTreeSet<&str> = cells()
        .filter_map(|cell| match &cell.source {
            Source::Kept(day) => Some(day.as_str()),
            Source::Now | Source::Stated => None,
        })
        .collect();
    let now = cells().filter(|cell| cell.source == Source::Now).count();
    let mut words = format!("{now} of {} figures are of this run.", cells().count());
    if !days.is_empty() {
        let days = days.into_iter().collect::<Vec<_>>().join(", ");
        words += &format!(
            " Those of rivals with `*` are of earlier ones ({days}), with the same programs, settings and files; `--fresh` measures them anew."
        );
    }
    if cells().any(|cell| cell.source == Source::Stated) {
        words += " Those with `†` were not measured on this machine: the tool could not be built.";
    }
    words
}

/// Digits in threes.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

const COUNTED: &str = "\
## What is counted

- The programs are `cargo xtask corpus`'s. One thing runs at a time: a pair's patch is made and applied by one tool after the other, each program as
  the only child of a process of its own, which asks `getrusage` for its time and its largest resident set. That is at least 3 MiB, the size of what starts it.
- Time is the processor's, of all threads. Linux divides it between program and kernel by what runs at each tick of a clock; for runs of a few
  milliseconds only the sum is exact, so the sum stands beside it. A patch is applied five times: the mean time, the largest memory.
- Every result was compared with the new file byte by byte. Ours proves each patch while it makes it; the others do not.
- A patch of Zucchini's is packed with xz, and both halves of that count. It knows no Mach-O, and takes such files as plain bytes.
- hdiffz has the settings of several that made the smallest patches, one thread, and no check of its own.
- BSDIFF40 patches, whoever made them, are applied by Debian's bspatch.
";

#[cfg(test)]
mod tests {
    use super::super::figures::tests::row;
    use super::super::rivals::BSDIFF;
    use super::*;

    #[test]
    fn digits_come_in_threes() {
        for (number, expected) in [(0, "0"), (999, "999"), (1000, "1,000"), (1234567, "1,234,567")] {
            assert_eq!(grouped(number), expected);
        }
    }

    #[test]
    fn the_table_of_sizes_has_every_pair_and_mean() {
        let rows = [
            row(1000, Language::Go, &[(OURS, 50, 1), (BSDIFF, 100, 1)]),
            row(2000, Language::Native, &[(OURS, 50, 1), (BSDIFF, 400, 1)]),
        ];
        let mut out = String::new();
        sizes(&mut out, &rows.iter().collect::<Vec<_>>(), &[OURS, BSDIFF]).unwrap();
        let expected = "\
| pair | new file | ours | bsdiff |
|---|--:|--:|--:|
| program-1000:1-2 | 1,000 | 50 | 100 |
| program-2000:1-2 | 2,000 | 50 | 400 |
| **all: ours smaller by** | pairs: 2 | 1.000× | 4.000× |
| **Go: ours smaller by** | pairs: 1 | 1.000× | 2.000× |
| **Rust and C++: ours smaller by** | pairs: 1 | 1.000× | 8.000× |
| all: in times bsdiff's size | | 0.250 | 1.000 |
| Go: in times bsdiff's size | | 0.500 | 1.000 |
| Rust and C++: in times bsdiff's size | | 0.125 | 1.000 |

";
        assert_eq!(out, expected);
    }

    #[test]
    fn what_is_not_of_this_run_is_said() {
        let mut rows = [row(1, Language::Go, &[(OURS, 1, 1), (BSDIFF, 1, 1)])];
        assert_eq!(sources(&rows), "2 of 2 figures are of this run.");
        rows[0].cells.get_mut(BSDIFF).unwrap().source = Source::Kept("2026-01-02".into());
        assert!(sources(&rows).starts_with("1 of 2") && sources(&rows).contains("(2026-01-02)"));
        rows[0].cells.get_mut(BSDIFF).unwrap().source = Source::Stated;
        assert!(sources(&rows).contains("not measured on this machine"));
    }
}
