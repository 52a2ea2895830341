//! `autoupdate why`: the rules that the last check asked, in order, each with what it looked at and what it said.

use autoupdate::policy::{Fact, Trace, Verdict};

/// The rules as lines; the one that decided is marked. `trace` in the order in which they were asked.
pub(crate) fn of_trace(trace: &[Trace]) -> String {
    if trace.is_empty() {
        return "nothing was decided yet: `autoupdate check` decides".to_owned();
    }
    // Whatever comes after a "no" is about another release, or about what is left.
    let deciding = trace.iter().rposition(|one| one.verdict == Verdict::Stop);
    let lines = trace.iter().enumerate().map(|(at, one)| {
        let mark = if Some(at) == deciding { "  <- this decided" } else { "" };
        format!("{}{mark}", line(one))
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn line(one: &Trace) -> String {
    let verdict = match one.verdict {
        Verdict::Pass => "pass",
        Verdict::Stop => "stop",
        Verdict::Overridden => "over",
    };
    let about = one.about.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
    let facts: Vec<_> = one.facts.iter().map(|Fact { name, value }| format!("{name}: {value}")).collect();
    format!("{verdict}  {:14} {about:10} {}", rule(one), facts.join(", ")).trim_end().to_owned()
}

/// The rule's stable name, as programs get it.
fn rule(one: &Trace) -> String {
    let name = serde_json::to_value(one.rule).unwrap_or_default();
    name.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_lines_and_the_last_no_decides() {
        let trace: Vec<Trace> = serde_json::from_str(
            r#"[{"rule":"identity","verdict":"pass","facts":[{"name":"sha256","value":"ab"},{"name":"signed","value":"1.0.0"}]},
                {"rule":"halt","about":"1.2.0","verdict":"stop","facts":[]},
                {"rule":"skip","about":"1.1.0","verdict":"overridden","facts":[]},
                {"rule":"percentage","about":"1.1.0","verdict":"stop","facts":[{"name":"share","value":"500"}]},
                {"rule":"recall","verdict":"pass","facts":[]}]"#,
        )
        .unwrap();
        let lines: Vec<String> = of_trace(&trace).lines().map(ToOwned::to_owned).collect();
        assert_eq!(
            lines,
            [
                "pass  identity       -          sha256: ab, signed: 1.0.0",
                "stop  halt           1.2.0",
                "over  skip           1.1.0",
                "stop  percentage     1.1.0      share: 500  <- this decided",
                "pass  recall         -",
            ]
        );
        assert!(of_trace(&[]).contains("autoupdate check"));
    }
}
