//! A map as an SVG picture.
//!
//! All dots of a group are one path: a line of no length with round ends is a dot.

use std::fmt::Write as _;
use std::io::Write;

use anyhow::Result;

use super::picture::Picture;

/// Letters of one width, so that the room of a label is known; then fonts for scripts
/// that those lack.
const FONTS: &str = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', 'Noto Sans Mono', \
                     'Noto Sans Mono CJK SC', 'Noto Sans CJK SC', monospace, sans-serif";

const INK: &str = "#1f2937";

pub(super) fn write(picture: &Picture, title: &str, out: &mut dyn Write) -> Result<()> {
    let [width, height] = picture.size;
    // 0.6 of the size is the width of a letter in fonts of one width.
    let size = picture.column / 0.6;
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"{FONTS}\" font-size=\"{size:.1}\">\n\
         <title>{}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>",
        escaped(title)
    )?;
    for (colour, dots) in &picture.dots {
        write!(
            out,
            "<path fill=\"none\" stroke=\"{colour}\" stroke-opacity=\"0.75\" \
             stroke-linecap=\"round\" stroke-width=\"{:.2}\" d=\"",
            2.0 * picture.radius
        )?;
        let mut line = String::new();
        for [x, y] in dots {
            line.clear();
            let _ = write!(line, "M{x:.1} {y:.1}h0");
            out.write_all(line.as_bytes())?;
        }
        writeln!(out, "\"/>")?;
    }
    if picture.path.len() > 1 {
        let corners: Vec<_> = picture.path.iter().map(|[x, y]| format!("{x:.1},{y:.1}")).collect();
        writeln!(
            out,
            "<polyline fill=\"none\" stroke=\"{INK}\" stroke-width=\"{}\" points=\"{}\"/>",
            1.2 * picture.scale,
            corners.join(" ")
        )?;
    }
    for label in &picture.labels {
        let ([x, y], area) = (label.point, label.area);
        let [edge, middle] =
            [x.clamp(area.x, area.x + area.width), y.clamp(area.y, area.y + area.height)];
        writeln!(
            out,
            "<g><path stroke=\"{INK}\" stroke-width=\"0.6\" d=\"M{x:.1} {y:.1}L{edge:.1} \
             {middle:.1}\"/><circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{:.1}\" fill=\"{INK}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" fill=\"{INK}\" stroke=\"#fff\" stroke-width=\"{}\" \
             stroke-linejoin=\"round\" paint-order=\"stroke\" xml:space=\"preserve\">{}</text></g>",
            picture.radius.max(1.5),
            area.x + 0.3 * picture.column,
            area.y + area.height - 0.25 * picture.line,
            2.5 * picture.scale,
            escaped(&label.text)
        )?;
    }
    for ([x, y], text) in &picture.texts {
        writeln!(
            out,
            "<text x=\"{x:.1}\" y=\"{:.1}\" fill=\"{INK}\">{}</text>",
            y + 0.3 * picture.line,
            escaped(text)
        )?;
    }
    Ok(writeln!(out, "</svg>")?)
}

/// The text without what a reader of XML takes for markup.
pub(super) fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;")
}
