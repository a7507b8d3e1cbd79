//! Numbers as they are read.

use super::scenario::Column;

/// In the column's unit, in groups of three digits.
pub(super) fn shown(value: Option<f64>, column: Column) -> String {
    let Some(value) = value else { return "–".to_owned() };
    let text = format!("{:.*}", column.digits, value / column.unit);
    let (whole, rest) =
        text.split_once('.').map_or((text.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let mut grouped = String::new();
    for (nth, digit) in whole.chars().enumerate() {
        if nth > 0
            && (whole.len() - nth) % 3 == 0
            && digit.is_ascii_digit()
            && whole.as_bytes()[nth - 1] != b'-'
        {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    rest.map_or(grouped.clone(), |rest| format!("{grouped}.{rest}"))
}

/// Two digits where they count.
pub(super) fn multiple(ratio: f64) -> String {
    match ratio {
        ratio if ratio < 10.0 => format!("{ratio:.2}"),
        ratio if ratio < 100.0 => format!("{ratio:.1}"),
        ratio => format!("{ratio:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_are_grouped() {
        let column = |digits| Column { field: "", title: "", unit: 1.0, digits };

        assert_eq!(shown(Some(1_234_567.0), column(0)), "1,234,567");
        assert_eq!(shown(Some(123.456), column(1)), "123.5");
        assert_eq!(shown(Some(-123.4), column(0)), "-123");
        assert_eq!(shown(None, column(0)), "–");
    }
}
