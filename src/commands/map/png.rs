//! A map as a PNG picture: dots, lines and letters drawn by ourselves.
//!
//! Letters are the bitmaps of [`super::letters`]: a label with a character that it lacks
//! shows the token's ID instead.

use std::io::Write;

use anyhow::Result;

use super::letters;
use super::picture::Picture;

const INK: [u8; 3] = [0x1f, 0x29, 0x37];

/// Red, green and blue of every pixel.
struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<[u8; 3]>,
}

impl Canvas {
    fn new([width, height]: [f32; 2]) -> Self {
        let (width, height) = (width as usize, height as usize);
        Self { width, height, pixels: vec![[255; 3]; width * height] }
    }

    /// Covers a part of a pixel, from 0 to 1.
    fn cover(&mut self, x: i64, y: i64, colour: [u8; 3], part: f32) {
        if (0..self.width as i64).contains(&x) && (0..self.height as i64).contains(&y) && part > 0.0
        {
            let pixel = &mut self.pixels[y as usize * self.width + x as usize];
            for (own, new) in pixel.iter_mut().zip(colour) {
                *own = (f32::from(*own) + (f32::from(new) - f32::from(*own)) * part.min(1.0))
                    .round() as u8;
            }
        }
    }

    fn dot(&mut self, [x, y]: [f32; 2], radius: f32, colour: [u8; 3], part: f32) {
        let reach = (radius + 1.0).ceil() as i64;
        for row in y as i64 - reach..=y as i64 + reach {
            for column in x as i64 - reach..=x as i64 + reach {
                let far = (column as f32 + 0.5 - x).hypot(row as f32 + 0.5 - y);
                self.cover(column, row, colour, part * (radius + 0.5 - far).clamp(0.0, 1.0));
            }
        }
    }

    fn line(&mut self, from: [f32; 2], to: [f32; 2], wide: f32) {
        let [dx, dy] = [to[0] - from[0], to[1] - from[1]];
        let steps = (dx.hypot(dy) / wide.max(0.5)).ceil().max(1.0);
        for step in 0..=steps as u32 {
            let t = step as f32 / steps;
            self.dot([from[0] + dx * t, from[1] + dy * t], wide / 2.0, INK, 0.8);
        }
    }

    /// Writes a text, whose left end and top are given, on a white ground.
    fn text(&mut self, text: &str, x: f32, y: f32, scale: usize) {
        let (x, y, scale) = (x.round() as i64, y.round() as i64, scale as i64);
        for ground in [true, false] {
            let mut left = x;
            for c in text.chars() {
                for (row, column) in letters::pixels(c) {
                    let (row, column) = (row as i64 * scale, column as i64 * scale);
                    let around = if ground { scale } else { 0 };
                    for dy in -around..scale + around {
                        for dx in -around..scale + around {
                            let (colour, part) = if ground { ([255; 3], 0.6) } else { (INK, 1.0) };
                            self.cover(left + column + dx, y + row + dy, colour, part);
                        }
                    }
                }
                left += letters::WIDTH as i64 * scale;
            }
        }
    }
}

pub(super) fn write(picture: &Picture, out: &mut dyn Write) -> Result<()> {
    let mut canvas = Canvas::new(picture.size);
    let scale = picture.scale as usize;
    for (colour, dots) in &picture.dots {
        let colour = rgb(colour);
        dots.iter().for_each(|dot| canvas.dot(*dot, picture.radius, colour, 0.75));
    }
    for ends in picture.path.windows(2) {
        canvas.line(ends[0], ends[1], 1.2 * picture.scale);
    }
    for label in &picture.labels {
        let ([x, y], area) = (label.point, label.area);
        let edge = [x.clamp(area.x, area.x + area.width), y.clamp(area.y, area.y + area.height)];
        canvas.line([x, y], edge, 0.6 * picture.scale);
        canvas.dot([x, y], picture.radius.max(1.5), INK, 1.0);
        let text = match label.text.chars().all(|c| letters::has(c) || c == '…') {
            true => label.text.replace('…', "~"),
            false => format!("#{}", label.id),
        };
        canvas.text(&text, area.x + 0.3 * picture.column, area.y, scale);
    }
    for ([x, y], text) in &picture.texts {
        let shown = |c: char| {
            if c == '…' {
                '~'
            } else if letters::has(c) {
                c
            } else {
                '?'
            }
        };
        let text: String = text.chars().map(shown).collect();
        canvas.text(&text, *x, y - picture.line / 2.0, scale);
    }
    encode(&canvas, out)
}

/// Red, green and blue of `#rrggbb`.
fn rgb(colour: &str) -> [u8; 3] {
    let number = u32::from_str_radix(colour.trim_start_matches('#'), 16).unwrap_or(0);
    let [_, rgb @ ..] = number.to_be_bytes();
    rgb
}

/// The file format: a signature, then chunks with their length, name and check sum.
fn encode(canvas: &Canvas, out: &mut dyn Write) -> Result<()> {
    let [width, height] = [canvas.width, canvas.height].map(|n| (n as u32).to_be_bytes());
    // 8 bits a colour, three colours, no interlacing.
    let header = [&width[..], &height, &[8, 2, 0, 0, 0]].concat();
    let mut rows = Vec::with_capacity(canvas.pixels.len() * 3 + canvas.height);
    for row in canvas.pixels.chunks(canvas.width) {
        rows.push(0); // as it is, without a filter
        rows.extend_from_slice(row.as_flattened());
    }
    let pixels = miniz_oxide::deflate::compress_to_vec_zlib(&rows, 6);
    out.write_all(b"\x89PNG\r\n\x1a\n")?;
    for (name, bytes) in [(b"IHDR", &header[..]), (b"IDAT", &pixels), (b"IEND", &[])] {
        out.write_all(&(bytes.len() as u32).to_be_bytes())?;
        out.write_all(name)?;
        out.write_all(bytes)?;
        out.write_all(&check_sum(name, bytes).to_be_bytes())?;
    }
    Ok(())
}

/// CRC-32 as PNG has it, bit by bit: a picture is small.
fn check_sum(name: &[u8], bytes: &[u8]) -> u32 {
    let byte = |sum: u32, byte: &u8| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg())
        })
    };
    !name.iter().chain(bytes).fold(u32::MAX, byte)
}
