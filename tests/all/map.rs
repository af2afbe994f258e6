//! `map`: the same map in every form, its pictures read by other libraries, and hostile
//! tables.

use std::collections::BTreeMap;
use std::path::Path;

use embcli::stats::mix;
use serde_json::Value;
use tempfile::{NamedTempFile, TempDir};

use crate::support::run::{embcli, watched};
use crate::support::{F32, Gguf, f32_bytes, odd_tables};

/// The files of a map, by their extension.
fn files(args: &[&str]) -> BTreeMap<&'static str, Vec<u8>> {
    let folder = TempDir::new().unwrap();
    let forms = ["html", "svg", "png", "csv", "json"];
    let file = |form| {
        let path = folder.path().join("map").with_extension(form);
        let outcome = embcli([&["map"], args, &["-o", path.to_str().unwrap()]].concat());
        assert_eq!(outcome.code, Some(0), "{args:?}: {outcome:?}");
        (form, std::fs::read(path).unwrap())
    };
    forms.map(file).into()
}

fn text<'f>(files: &'f BTreeMap<&str, Vec<u8>>, form: &str) -> &'f str {
    std::str::from_utf8(&files[form]).unwrap()
}

/// Some built-in words, few enough to be quick.
const SOME: [&str; 4] = ["words", "2400..2700", "--label", "2533"];

#[test]
fn every_form_has_the_same_points() {
    let files = files(&SOME);
    let json: Value = serde_json::from_slice(&files["json"]).unwrap();
    let points = json["points"].as_array().unwrap();
    assert_eq!(points.len(), 300);
    let mut lines = text(&files, "csv").lines();
    assert_eq!(lines.next(), Some("id,token,x,y,norm,type,kind,script,untrained"));
    for (point, line) in points.iter().zip(lines) {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells[0], point["id"].to_string());
        for (cell, name) in [(2, "x"), (3, "y"), (4, "norm")] {
            assert_eq!(cells[cell], point[name].to_string());
        }
        assert_eq!(cells[6], point["kind"].as_str().unwrap());
    }
    let kept = json["kept"]["share"].as_f64().unwrap();
    assert!(kept > 0.3 && kept <= 1.0, "{kept}");
    // 300 points and a dot in the legend.
    assert_eq!(text(&files, "svg").matches("h0").count(), 301);
}

#[test]
fn the_nearest_rows_are_those_of_neighbors() {
    let json = embcli(["map", "words", "--method", "pca", "--neighbors", "4", "--format", "json"]);
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    let found = embcli(["neighbors", "words", " cat", "-k", "4", "--format", "json"]).stdout;
    let found: Value = serde_json::from_str(&found).unwrap();
    let cat = json["points"].as_array().unwrap().iter().find(|it| it["token"] == " cat").unwrap();
    let expected = &found["queries"][0]["neighbors"];
    for (near, expected) in
        cat["nearest"].as_array().unwrap().iter().zip(expected.as_array().unwrap())
    {
        assert_eq!(near["id"], expected["id"]);
        let [a, b] = [&near["cosine"], &expected["score"]].map(|it| it.as_f64().unwrap());
        assert!((a - b).abs() < 1e-6, "{near} {expected}");
    }
    assert_eq!(cat["nearest"].as_array().unwrap().len(), 4);
}

/// 400 words with random rows, eight unused tokens whose rows are near one direction, and
/// a word whose row is there too.
#[test]
fn rows_like_those_of_unused_tokens_are_told() {
    const WIDTH: usize = 32;
    let words = (0..400).map(|i| format!(" word{i}"));
    let unused = (0..8).map(|i| format!("<unused{i}>"));
    let tokens: Vec<String> = words.chain(unused).chain([" glitch".to_owned()]).collect();
    let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
    let random = |i: usize| mix(i as u64) as f32 / u64::MAX as f32 - 0.5;
    let value = |i: usize| match i / WIDTH {
        ..400 => random(i),
        _ => random(i) / 4.0 + random((1 << 20) + i % WIDTH) * 2.0,
    };
    let values: Vec<f32> = (0..WIDTH * tokens.len()).map(value).collect();
    let rows = tokens.len() as u64;
    let file =
        Gguf::new().vocab("llama", &tokens).table(F32, WIDTH as u64, rows, f32_bytes(&values));
    let file = file.write();
    let files = files(&[file.path().to_str().unwrap(), "--method", "pca"]);
    let json: Value = serde_json::from_str(text(&files, "json")).unwrap();
    for point in json["points"].as_array().unwrap() {
        let (id, score) = (point["id"].as_u64().unwrap(), point["untrained"].as_f64().unwrap());
        assert!(if id < 400 { score < 0.7 } else { score > 0.9 }, "{id} {score}");
    }
    // Without unused tokens there is nothing to compare with.
    let words: Value = embcli([&["map", "--format", "json"], &SOME[..]].concat()).json();
    assert!(words["points"][0]["untrained"].is_null());
}

#[test]
fn the_built_in_words_read_a_sentence() {
    let json = embcli(["map", "words", "--text", "The cat sat.", "--method=pca", "--format=json"]);
    assert_eq!(json.json()["path"], serde_json::json!([0, 2533, 812, 4002]));
}

#[test]
fn labels_of_a_picture_do_not_collide() {
    let files =
        files(&["toy", "0..600", "--text", "The cat sat", "--label", "7", "--width", "900"]);
    let svg = roxmltree::Document::parse(text(&files, "svg")).unwrap();
    let root = svg.root_element();
    assert_eq!((root.attribute("width"), root.attribute("height")), (Some("900"), Some("675")));
    let number =
        |node: roxmltree::Node, name: &str| node.attribute(name).unwrap().parse::<f64>().unwrap();
    let boxes: Vec<[f64; 4]> = svg
        .descendants()
        .filter(|node| node.has_tag_name("text"))
        .map(|node| {
            let (x, y) = (number(node, "x"), number(node, "y"));
            [x, y - 10.0, x + 7.0 * node.text().unwrap().chars().count() as f64, y + 3.0]
        })
        .collect();
    assert!(boxes.len() > 6);
    for (at, a) in boxes.iter().enumerate() {
        for b in &boxes[..at] {
            let meets = a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
            assert!(!meets, "{a:?} {b:?}");
        }
    }
    assert_eq!(svg.descendants().filter(|node| node.has_tag_name("polyline")).count(), 1);
}

#[test]
fn another_library_reads_the_png() {
    let files = files(&SOME);
    let decoder = png::Decoder::new(std::io::Cursor::new(&files["png"]));
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.height, info.color_type), (1200, 900, png::ColorType::Rgb));
    let inked = pixels.chunks(3).filter(|pixel| *pixel != [255; 3]).count();
    assert!((2000..200_000).contains(&inked), "{inked}");
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let of = |n: &str| files(&[&SOME[..], &["--threads", n]].concat());
    let one = of("1");
    assert!(one == of("2") && one == of("3"));
}

/// The text between two parts of a page.
fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    text.split_once(before).unwrap().1.split_once(after).unwrap().0
}

#[test]
fn a_page_has_one_policy_and_loads_nothing() {
    let files = files(&SOME);
    let page = text(&files, "html");
    let policy = between(page, "Content-Security-Policy\" content=\"", "\"");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.matches("<script").count(), 3);
    assert_eq!(page.matches("</script").count(), 3);
    assert!(!page.contains("http://") && !page.contains("https://"));
    let data = between(page, "id=\"data\">", "</script>");
    assert!(data.bytes().all(|c| (b'#'..=b'x').contains(&c) && c != b'<'));
}

/// A table whose tokens try everything.
fn evil() -> NamedTempFile {
    let long = "x".repeat(100_000);
    let tokens = [
        "</script><script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "]]>&lt;&quot;'\"",
        "\u{202e}\u{200b}\u{0}\n\r\t\x1b[31m",
        &long,
        "{{DATA}}{{SCRIPT}}",
        "",
        "\u{1f408}\u{fe0f}",
    ];
    let values: Vec<f32> = (0..32).map(|i| ((i * i * 7 + 3) % 11) as f32 - 5.0).collect();
    Gguf::new().vocab("llama", &tokens).table(F32, 4, 8, f32_bytes(&values)).write()
}

#[test]
fn tokens_of_markup_stay_texts() {
    let file = evil();
    let files = files(&[file.path().to_str().unwrap()]);
    let page = text(&files, "html");
    assert_eq!(page.matches("<script").count(), 3);
    assert!(!page.contains("alert") && !page.contains("onerror"));
    assert!(page.len() < 100_000, "{}", page.len());
    let svg = text(&files, "svg");
    let svg = roxmltree::Document::parse(svg).unwrap();
    let elements = ["svg", "title", "rect", "path", "g", "circle", "text", "polyline"];
    for node in svg.descendants().filter(|node| node.is_element()) {
        assert!(elements.contains(&node.tag_name().name()), "{:?}", node.tag_name());
    }
}

#[test]
fn odd_tables_have_a_map_or_one_line() {
    for file in odd_tables() {
        let path = file.path().to_str().unwrap();
        let folder = TempDir::new().unwrap();
        for method in ["--method=tsne", "--method=pca", "--centre", "--neighbors=0"] {
            for form in ["table", "json", "csv", "md", "svg", "html"] {
                watched(["map", path, method, "--format", form]);
            }
            watched(["map", path, "0", method]);
            let png = folder.path().join("m.png");
            watched(["map", path, method, "--force", "-o", png.to_str().unwrap()]);
        }
    }
}

#[test]
fn wrong_calls_are_one_line() {
    for (args, says) in [
        (&["map", "words", "--words", "/dev/null"][..], "the list is empty"),
        (&["map", "words", " zebrafish"], "[UNK]"),
        (&["map", "words", "--label", "99999"], "99999"),
        (&["map", "words", "-o", "m.npy"], "can't print npy"),
        (&["map", "words", "--neighbors", "101"], "101"),
        (&["stats", "words", "-o", "m.html"], "can't print html"),
    ] {
        let outcome = embcli(args);
        assert_eq!(outcome.stderr.lines().count(), 1, "{args:?}: {outcome:?}");
        assert!(outcome.stderr.contains(says), "{args:?}: {outcome:?}");
        assert!(!Path::new("m.npy").exists() && !Path::new("m.html").exists());
    }
}

#[test]
fn a_terminal_shows_dots_and_names() {
    let shown = embcli(["map", "words", "2400..2700", "--label", " cat"]);
    assert_eq!(shown.code, Some(0));
    assert!(shown.stdout.contains("\" cat\"") && shown.stdout.contains("300 rows of 64 values"));
    let dots = shown.stdout.chars().filter(|c| ('\u{2801}'..='\u{28ff}').contains(c)).count();
    assert!((30..=300).contains(&dots), "{dots}");
    assert!(shown.stdout.lines().all(|line| line.chars().count() <= 80));
}
