//! Bars, as SVG that can be read on a light page and on a dark one.

use std::fmt::Write as _;

/// What a chart shows.
#[derive(Debug)]
pub(crate) struct Chart<'a> {
    pub(crate) title: &'a str,
    pub(crate) bars: Vec<Bar<'a>>,
}

#[derive(Debug)]
pub(crate) struct Bar<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: f64,
    /// As it is to be read.
    pub(crate) label: String,
    pub(crate) is_ours: bool,
}

const WIDTH: f64 = 760.0;
const LEFT: f64 = 250.0;
const RIGHT: f64 = 110.0;
const ROW: f64 = 26.0;
const TOP: f64 = 40.0;

/// An image in a page does not know the page's colours, but it knows what the reader prefers.
const STYLE: &str = "\
text{font:13px system-ui,sans-serif;fill:#1f2328}.title{font-weight:600}.name{text-anchor:end}\
.ours{fill:#0a7d5a}.peer{fill:#8c959f}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.ours{fill:#3fb98f}.peer{fill:#6e7681}}";

impl Chart<'_> {
    pub(crate) fn svg(&self) -> String {
        let height = TOP + ROW * self.bars.len() as f64 + 10.0;
        let most = self.bars.iter().map(|bar| bar.value).fold(f64::MIN_POSITIVE, f64::max);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
             role=\"img\" aria-label=\"{0}\">\n<style>{STYLE}</style>\n\
             <text class=\"title\" x=\"10\" y=\"22\">{0}</text>\n",
            escaped(self.title)
        );
        for (row, bar) in self.bars.iter().enumerate() {
            let y = TOP + ROW * row as f64;
            let width = (bar.value / most * (WIDTH - LEFT - RIGHT)).max(1.0);
            let class = if bar.is_ours { "ours" } else { "peer" };
            let written = writeln!(
                svg,
                "<text class=\"name\" x=\"{}\" y=\"{}\">{}</text><rect class=\"{class}\" x=\"{LEFT}\" y=\"{y}\" \
                 width=\"{width:.1}\" height=\"18\" rx=\"2\"/><text x=\"{:.1}\" y=\"{}\">{}</text>",
                LEFT - 8.0,
                y + 14.0,
                escaped(bar.name),
                LEFT + width + 6.0,
                y + 14.0,
                escaped(&bar.label),
            );
            debug_assert!(written.is_ok(), "a text takes all that is written to it");
        }
        svg + "</svg>\n"
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bar_is_the_largest_value_and_names_are_escaped() {
        let bar = |name, value, is_ours| Bar { name, value, label: format!("{value}/s"), is_ours };
        let chart =
            Chart { title: "a < b", bars: vec![bar("us & co", 50.0, true), bar("them", 100.0, false)] };

        let svg = chart.svg();

        assert!(svg.contains("a &lt; b") && svg.contains("us &amp; co"), "{svg}");
        assert!(svg.contains("class=\"ours\" x=\"250\" y=\"40\" width=\"200.0\""), "{svg}");
        assert!(svg.contains("class=\"peer\" x=\"250\" y=\"66\" width=\"400.0\""), "{svg}");
    }
}
