//! Curves as an SVG picture: one panel beside the other, the horizontal axis in powers of ten.

use crate::curves::Panel;
use std::fmt::Write as _;

const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 180.0;
const MARGIN: f64 = 46.0;
/// Between the vertical axis and the first point, so that its label does not lie on the axis.
const INSET: f64 = 20.0;

/// The picture. All panels have the same vertical axis, from zero.
pub(crate) fn svg(panels: &[Panel]) -> String {
    let top = panels.iter().flat_map(|panel| &panel.points).map(|(_, cpu)| *cpu).fold(1.0, f64::max) * 1.2;
    let mut panels_svg = String::new();
    let mut left = MARGIN;
    for panel in panels {
        let _ = write!(panels_svg, r#"<g transform="translate({left},30)">{}</g>"#, one(panel, top));
        left += WIDTH + MARGIN;
    }
    let height = HEIGHT + 80.0;
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left} {height}" font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="#fff"/>{panels_svg}</svg>
"##
    )
}

fn one(panel: &Panel, top: f64) -> String {
    let places: Vec<_> = panel.points.iter().map(|(x, _)| place(*x)).collect();
    let first = places.iter().copied().fold(f64::MAX, f64::min);
    let last = places.iter().copied().fold(first + 0.1, f64::max);
    let across = |x: u64| INSET + (place(x) - first) / (last - first) * (WIDTH - INSET);
    let down = |cpu: f64| HEIGHT - cpu / top * HEIGHT;
    let mut out = format!(
        r##"<text y="-10" font-weight="bold">CPU µs per message · {}</text><path d="M0 0V{HEIGHT}H{WIDTH}" fill="none" stroke="#888"/>"##,
        panel.title
    );
    for part in 0..=4 {
        let cpu = top * f64::from(part) / 4.0;
        let _ = write!(out, r#"<text x="-6" y="{:.1}" text-anchor="end">{cpu:.1}</text>"#, down(cpu) + 4.0);
    }
    let mut line = String::new();
    for (x, cpu) in &panel.points {
        let (at, height) = (across(*x), down(*cpu));
        let _ = write!(line, "{at:.1},{height:.1} ");
        let _ = write!(
            out,
            r##"<circle cx="{at:.1}" cy="{height:.1}" r="3" fill="#06c"/><text x="{at:.1}" y="{:.1}" text-anchor="middle">{x}</text><text x="{at:.1}" y="{:.1}" text-anchor="middle">{cpu:.1}</text>"##,
            HEIGHT + 16.0,
            height - 8.0,
        );
    }
    let _ = write!(out, r##"<polyline points="{line}" fill="none" stroke="#06c" stroke-width="2"/>"##);
    out
}

/// Where a number stands on the axis; zero stands where one would.
fn place(x: u64) -> f64 {
    u32::try_from(x.max(1)).map_or(10.0, |x| f64::from(x).log10())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flat_curve_is_a_level_line_over_the_whole_width() {
        let panel = Panel { title: "groups", points: vec![(10, 5.0), (100, 5.0), (1000, 5.0)] };
        let svg = svg(&[panel]);
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        assert!(svg.contains(r#"points="20.0,30.0 160.0,30.0 300.0,30.0 ""#), "{svg}");
    }
}
