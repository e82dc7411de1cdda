//! The base score of a CVSS 3 vector.

/// The score from 0 to 10, as FIRST's formula has it; nothing where the vector
/// is of another version or incomplete.
pub(super) fn score(vector: &str) -> Option<f64> {
    let rest = vector
        .strip_prefix("CVSS:3.0/")
        .or_else(|| vector.strip_prefix("CVSS:3.1/"))?;
    let metric = |name: &str| {
        rest.split('/')
            .filter_map(|part| part.split_once(':'))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    };
    let changed = metric("S")? == "C";
    let impact_of = |name: &str| {
        Some(match metric(name)? {
            "H" => 0.56,
            "L" => 0.22,
            _ => 0.0,
        })
    };
    let (c, i, a): (f64, f64, f64) = (impact_of("C")?, impact_of("I")?, impact_of("A")?);
    let sub = 1.0 - (1.0 - c) * (1.0 - i) * (1.0 - a);
    let impact = if changed {
        7.52 * (sub - 0.029) - 3.25 * (sub - 0.02).powi(15)
    } else {
        6.42 * sub
    };
    let exploitability = 8.22
        * vector_of(metric("AV")?)?
        * complexity(metric("AC")?)?
        * rights(metric("PR")?, changed)?
        * interaction(metric("UI")?)?;
    if impact <= 0.0 {
        return Some(0.0);
    }
    let sum = if changed {
        1.08 * (impact + exploitability)
    } else {
        impact + exploitability
    };
    Some(up(sum.min(10.0)))
}

fn vector_of(value: &str) -> Option<f64> {
    Some(match value {
        "N" => 0.85,
        "A" => 0.62,
        "L" => 0.55,
        "P" => 0.2,
        _ => return None,
    })
}

fn complexity(value: &str) -> Option<f64> {
    Some(match value {
        "L" => 0.77,
        "H" => 0.44,
        _ => return None,
    })
}

fn rights(value: &str, changed: bool) -> Option<f64> {
    Some(match (value, changed) {
        ("N", _) => 0.85,
        ("L", false) => 0.62,
        ("L", true) => 0.68,
        ("H", false) => 0.27,
        ("H", true) => 0.5,
        _ => return None,
    })
}

fn interaction(value: &str) -> Option<f64> {
    Some(match value {
        "N" => 0.85,
        "R" => 0.62,
        _ => return None,
    })
}

/// Up to the next tenth, unless rounding alone made it more.
fn up(value: f64) -> f64 {
    let scaled = (value * 100_000.0).round();
    if scaled % 10_000.0 == 0.0 {
        scaled / 100_000.0
    } else {
        ((scaled / 10_000.0).floor() + 1.0) / 10.0
    }
}

#[cfg(test)]
mod tests {
    use super::score;

    #[test]
    fn scores_are_those_of_the_standard() {
        for (vector, wanted) in [
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),
            ("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", 7.5),
            ("CVSS:3.1/AV:L/AC:H/PR:L/UI:N/S:U/C:N/I:N/A:N", 0.0),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0),
        ] {
            let found = score(vector).expect("a score");
            assert!((found - wanted).abs() < 0.001, "{vector}: {found}");
        }
        assert_eq!(score("AV:N/AC:L/Au:N/C:P/I:P/A:P"), None);
    }
}
