//! Broken and malicious files. Each must give an answer or one error line, within two
//! seconds and 64 MB of private memory, and print no raw control characters.

use crate::support;
use crate::support::run;
use crate::support::run::{Outcome, assert_harmless, embcli, every_command, skipped, watched};
use crate::support::{F32, Gguf, Value, f32_bytes, raw, temp_file, text};
use std::io::Write;
use std::path::Path;
use tempfile::TempDir;

const STRING: u32 = 8;
const ARRAY: u32 = 9;

/// Numbers that break arithmetic.
const EXTREMES: [u64; 12] = [
    0,
    1,
    (1 << 31) - 1,
    1 << 31,
    (1 << 32) - 1,
    1 << 32,
    1 << 40,
    1 << 60,
    (1 << 61) + 1, // times 8 it wraps to 8
    (1 << 63) - 1,
    1 << 63,
    u64::MAX,
];

fn table(gguf: Gguf) -> Gguf {
    gguf.table(F32, 2, 3, f32_bytes(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))
}

/// Runs every command, each with an answer or one error line.
#[track_caller]
fn harmless(gguf: Gguf) -> [Outcome; 3] {
    every_command(gguf.write().path())
}

/// Runs only lookup, for tests with hundreds of cases.
#[track_caller]
fn looked_up(gguf: Gguf) {
    let file = gguf.write();
    watched(["lookup".as_ref(), file.path().as_os_str(), "0".as_ref()]);
}

/// Every command refuses it with these words.
#[track_caller]
fn refused(gguf: Gguf, words: &str) {
    for outcome in harmless(gguf) {
        let error = outcome.error();
        assert!(error.contains(words), "not {words:?}: {error}");
    }
}

/// Every command gives an answer.
#[track_caller]
fn answered(gguf: Gguf) {
    all_answer(gguf.write().path());
}

#[track_caller]
fn all_answer(path: &Path) {
    for outcome in every_command(path) {
        outcome.ok();
    }
}

#[track_caller]
fn none_answers(path: &Path) {
    for outcome in every_command(path) {
        outcome.error();
    }
}

// ---- numbers in the header

#[test]
fn wrong_counts() {
    for count in EXTREMES {
        harmless(table(Gguf::new().vocab("llama", &["a"])).tensor_count(count));
        harmless(table(Gguf::new().vocab("llama", &["a"])).kv_count(count));
    }
    refused(table(Gguf::new()).tensor_count(1 << 60), "1152921504606846976 tensors");
    refused(table(Gguf::new()).kv_count(1 << 60), "1152921504606846976 metadata keys");
    refused(table(Gguf::new()).tensor_count(1000), "an incomplete download?");
}

#[test]
fn wrong_array_counts() {
    for count in EXTREMES.into_iter().chain([2, 4, 100]) {
        for element in 0..=13u32 {
            let mut value = element.to_le_bytes().to_vec();
            value.extend(count.to_le_bytes());
            value.extend([0; 16]);
            looked_up(table(Gguf::new().kv("tokenizer.ggml.tokens", raw(ARRAY, value))));
        }
    }
}

#[test]
fn wrong_lengths_of_keys_strings_and_names() {
    let string = |len: u64| [&len.to_le_bytes()[..], b"abc"].concat();
    for len in EXTREMES.into_iter().chain([2, 4, 100, 65_535, 65_536]) {
        harmless(table(Gguf::new().kv("general.architecture", raw(STRING, string(len)))));
        let array =
            [&STRING.to_le_bytes()[..], &2u64.to_le_bytes(), &string(1), &string(len)].concat();
        harmless(table(Gguf::new().kv("tokenizer.ggml.tokens", raw(ARRAY, array))));
        // The length of the first key, or without keys of the first tensor's name.
        for gguf in [table(Gguf::new().kv("abc", 1u8)), table(Gguf::new())] {
            let mut bytes = gguf.build();
            bytes[24..32].copy_from_slice(&len.to_le_bytes());
            every_command(temp_file(&bytes).path());
        }
    }
}

#[test]
fn offsets_dimensions_and_products_that_wrap() {
    for n in EXTREMES.into_iter().chain([8, 31, 32, 33, 4096]) {
        harmless(table(Gguf::new()).claims_offset(n));
        for dims in [[n, 3], [2, n], [n, n], [n, u64::MAX / n.max(1)]] {
            looked_up(Gguf::new().tensor("token_embd.weight", &dims, F32, [0; 24]));
        }
        // Wrong numbers of another tensor do not matter.
        answered(table(Gguf::new().tensor("other", &[n, n, n, n], F32, []).claims_offset(n)));
        answered(table(Gguf::new()).tensor("output.weight", &[n, n], 14, []).claims_offset(n));
    }
    refused(Gguf::new().table(F32, 1 << 40, 2, [0; 64]), "1099511627776 values");
}

#[test]
fn rows_just_past_the_end() {
    let whole = table(Gguf::new()).build();
    let end_of_row_0 = whole.len() - 32 + 8;
    let mut outcomes = [end_of_row_0, end_of_row_0 - 1].map(|len| {
        let file = temp_file(&whole[..len]);
        watched(["lookup".as_ref(), file.path().as_os_str(), "0".as_ref()])
    });
    outcomes[1].code.take().filter(|code| *code == 1).expect("with one byte less, it fails");
    assert_eq!(outcomes[0].code, Some(0), "with the whole row, it answers");
}

#[test]
fn ranks() {
    for rank in [0, 1, 3, 4] {
        refused(Gguf::new().tensor("token_embd.weight", &vec![2; rank], F32, [0; 64]), "needs two");
    }
    // Trailing ones do not count as dimensions: ggml gives every tensor four.
    answered(Gguf::new().tensor("token_embd.weight", &[2, 2, 1, 1], F32, [1; 16]));
    for rank in [5, 255, 10_000] {
        refused(table(Gguf::new().tensor("t", &vec![1; rank], F32, [])), "dimensions");
    }
    let mut bytes = Gguf::new().tensor("t", &[], F32, []).build();
    let rank = 24 + 8 + 1;
    bytes[rank..rank + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    none_answers(temp_file(&bytes).path());
}

#[test]
fn invalid_alignments() {
    for n in [0u32, 3, 33, u32::MAX] {
        refused(table(Gguf::new().kv("general.alignment", n)), "must be a multiple of 8");
    }
    for n in [1u32, 1 << 31] {
        harmless(table(Gguf::new().kv("general.alignment", n)));
    }
    for value in [Value::from("32"), Value::from(32u64), Value::from(-1i32), vec![32u32].into()] {
        refused(table(Gguf::new().kv("general.alignment", value)), "must be a u32");
    }
}

#[test]
fn value_types_that_do_not_exist() {
    for id in [13, 14, 255, 1 << 31, u32::MAX] {
        refused(table(Gguf::new().kv("x", raw(id, [0; 64]))), "does not exist");
        let array = [&id.to_le_bytes()[..], &(1u64 << 60).to_le_bytes()].concat();
        refused(table(Gguf::new().kv("x", raw(ARRAY, array))), "does not exist");
    }
}

#[test]
fn element_types_that_do_not_exist() {
    for id in [4, 5, 9, 15, 31, 36, 43, 97, 250, 1 << 31, u32::MAX] {
        refused(Gguf::new().table(id, 256, 2, [0; 1024]), "can't be decoded");
    }
}

// ---- too much

/// `depth` nested arrays around an empty array.
fn deep(depth: usize) -> Vec<u8> {
    let layer = [&ARRAY.to_le_bytes()[..], &1u64.to_le_bytes()].concat();
    let mut bytes = layer.repeat(depth);
    bytes.extend([&4u32.to_le_bytes()[..], &0u64.to_le_bytes()].concat());
    bytes
}

#[test]
fn deeply_nested_arrays() {
    answered(table(Gguf::new().kv("x", raw(ARRAY, deep(7)))));
    for depth in [9, 100, 1_000_000] {
        refused(table(Gguf::new().kv("x", raw(ARRAY, deep(depth)))), "nested");
    }
}

#[test]
fn an_array_of_a_million_arrays() {
    let empty = [&0u32.to_le_bytes()[..], &0u64.to_le_bytes()].concat();
    let wide =
        [&ARRAY.to_le_bytes()[..], &1_000_000u64.to_le_bytes(), &empty.repeat(1_000_000)].concat();
    answered(table(Gguf::new().kv("x", raw(ARRAY, wide.clone()))));
    // Also for keys that are decoded.
    harmless(table(Gguf::new().kv("general.alignment", raw(ARRAY, wide.clone()))));
    harmless(table(Gguf::new().kv("general.architecture", raw(ARRAY, wide.clone()))));
    answered(table(Gguf::new().kv("tokenizer.ggml.token_type", raw(ARRAY, wide))));
}

/// The first bytes of a file: magic, version and counts.
fn header(tensors: u64, keys: u64) -> Vec<u8> {
    let mut bytes = b"GGUF\x03\0\0\0".to_vec();
    bytes.extend(tensors.to_le_bytes());
    bytes.extend(keys.to_le_bytes());
    bytes
}

fn tensor_entry(name: &str, dims: &[u64]) -> Vec<u8> {
    let mut bytes = (name.len() as u64).to_le_bytes().to_vec();
    bytes.extend(name.as_bytes());
    bytes.extend((dims.len() as u32).to_le_bytes());
    bytes.extend(dims.iter().flat_map(|dim| dim.to_le_bytes()));
    bytes.extend([0; 12]); // F32, offset 0
    bytes
}

#[test]
fn a_million_tiny_tensors() {
    let n = 1_000_000;
    for name in ["token_embd.weigh!", "token_embd.bias", "t"] {
        // Without a table, so all names are searched and compared.
        let mut bytes = header(n, 0);
        (0..n).for_each(|i| bytes.extend(tensor_entry(&format!("{name}{i}"), &[1, 1])));
        bytes.extend([0; 64]);
        none_answers(temp_file(&bytes).path());
    }
    // With the table at the end.
    let mut bytes = header(n, 0);
    (1..n).for_each(|i| bytes.extend(tensor_entry(&i.to_string(), &[1])));
    bytes.extend(tensor_entry("token_embd.weight", &[1, 3]));
    bytes.resize(bytes.len().next_multiple_of(32), 0);
    bytes.extend(f32_bytes(&[1.0, 2.0, 3.0]));
    all_answer(temp_file(&bytes).path());
}

#[test]
fn a_million_metadata_keys_and_more() {
    let with_keys = |n: u64, value: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = header(1, n);
        for i in 0..n {
            bytes.extend(7u64.to_le_bytes());
            bytes.extend(format!("{i:07}").as_bytes());
            value(&mut bytes);
        }
        bytes.extend(tensor_entry("token_embd.weight", &[1, 3]));
        bytes.resize(bytes.len().next_multiple_of(32), 0);
        bytes.extend(f32_bytes(&[1.0, 2.0, 3.0]));
        temp_file(&bytes)
    };
    let flag = |bytes: &mut Vec<u8>| bytes.extend([7, 0, 0, 0, 1]);
    let flags = with_keys(1_000_000, &flag);
    all_answer(flags.path());
    let listed = watched(["info".as_ref(), "--keys".as_ref(), flags.path().as_os_str()]);
    assert!(listed.stdout.contains("... and 990,000 more"));
    let strings = |bytes: &mut Vec<u8>| {
        bytes.extend([9, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend(0u64.to_le_bytes());
    };
    all_answer(with_keys(1_000_000, &strings).path());
    for outcome in every_command(with_keys(3_000_000, &flag).path()) {
        assert!(outcome.error().contains("3000000 metadata keys"));
    }
}

/// A file that starts with `start` and continues with zeros, which take no disk space.
/// `None` if the filesystem refuses.
fn then_zeros(start: &[u8], len: u64) -> Option<tempfile::NamedTempFile> {
    let file = temp_file(start);
    match file.as_file().set_len(len) {
        Ok(()) => Some(file),
        Err(error) => {
            skipped(&format!("no sparse file of {len} bytes here: {error}"));
            None
        }
    }
}

const HUGE: u64 = 200 << 30;

#[test]
fn huge_headers_of_zeros() {
    // Read as empty keys, each with a zero byte as its value; tensors without names;
    // empty strings; empty arrays; one array of bytes.
    let array = |element: u32, count: u64| {
        let key = [&1u64.to_le_bytes()[..], b"k", &ARRAY.to_le_bytes()].concat();
        [header(0, 1), key, element.to_le_bytes().to_vec(), count.to_le_bytes().to_vec()].concat()
    };
    for start in [
        header(0, 1 << 20),
        header(1 << 20, 0),
        header(1 << 20, 1 << 20),
        array(STRING, HUGE / 8 - 100),
        array(ARRAY, HUGE / 12 - 100),
        array(0, HUGE - 1000),
    ] {
        let Some(file) = then_zeros(&start, HUGE) else { return };
        none_answers(file.path());
    }
}

#[test]
fn names_and_keys_of_megabytes() {
    let len = 100u64 << 20;
    for start in [header(1, 0), header(0, 1)] {
        let start = [&start[..], &len.to_le_bytes()].concat();
        let Some(file) = then_zeros(&start, HUGE) else { return };
        for outcome in every_command(file.path()) {
            let error = outcome.error();
            assert!(error.contains("its name is 104857600 bytes long"), "{error}");
        }
    }
}

#[test]
fn values_of_gigabytes_where_a_word_is_expected() {
    let value = |key: &str, value_type: u32, then: &[u8]| {
        let len = (key.len() as u64).to_le_bytes();
        [&header(0, 1)[..], &len, key.as_bytes(), &value_type.to_le_bytes(), then].concat()
    };
    let len = 100u64 << 20;
    let strings = [&STRING.to_le_bytes()[..], &1u64.to_le_bytes(), &len.to_le_bytes()].concat();
    let bytes = [&0u32.to_le_bytes()[..], &len.to_le_bytes()].concat();
    for (key, value_type, then) in [
        ("general.architecture", STRING, &len.to_le_bytes()[..]),
        ("general.type", STRING, &len.to_le_bytes()),
        ("tokenizer.ggml.model", STRING, &len.to_le_bytes()),
        ("tokenizer.ggml.tokens", ARRAY, &strings),
        ("general.alignment", ARRAY, &bytes),
        ("split.count", ARRAY, &bytes),
    ] {
        let start = value(key, value_type, then);
        let Some(file) = then_zeros(&start, HUGE) else { return };
        none_answers(file.path());
        // The same with a table after it. The value's size matters only to a command
        // that reads it.
        let mut start = start;
        start[8] = 1; // one tensor
        let after = start.len() as u64 + len;
        let Some(mut file) = then_zeros(&start, HUGE) else { return };
        use std::io::{Seek, SeekFrom};
        file.seek(SeekFrom::Start(after)).unwrap();
        file.write_all(&tensor_entry("token_embd.weight", &[2, 3])).unwrap();
        every_command(file.path());
        let footprint = watched(["footprint".as_ref(), file.path().as_os_str()]);
        let expected = if key == "general.alignment" { 1 } else { 0 };
        assert_eq!(footprint.code, Some(expected), "{key}: {footprint:?}");
    }
}

#[test]
fn tables_of_sparse_terabytes() {
    for (d_model, rows) in
        [(1, 1u64 << 40), (1 << 20, 1 << 20), (1 << 20, 1 << 40), (3, u64::MAX / 12)]
    {
        let start = Gguf::new().table(F32, d_model, rows, []).build();
        let Some(file) = then_zeros(&start, HUGE) else { return };
        let path = file.path().to_str().unwrap();
        for args in [
            &["lookup", path, "0"][..],
            &["lookup", path, &(rows - 1).to_string()],
            &["lookup", path, &rows.to_string()],
            &["footprint", path],
            &["neighbors", path, "0"],
        ] {
            watched(args);
        }
    }
}

// ---- duplicates

#[test]
fn two_tensors_or_keys_of_one_name() {
    refused(table(table(Gguf::new())), "two tensors named \"token_embd.weight\"");
    let twice = Gguf::new().kv("general.alignment", 32u32).kv("general.alignment", 64u32);
    refused(table(twice), "two metadata keys named \"general.alignment\"");
    // Other duplicates do not matter.
    answered(table(Gguf::new().tensor("x", &[1], F32, [0; 4]).tensor("x", &[1], F32, [0; 4])));
}

#[test]
fn overlapping_tensors() {
    let data = f32_bytes(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    answered(Gguf::new().tensor("other", &[6], F32, data).table(F32, 2, 3, []).claims_offset(0));
}

// ---- text

/// Characters that must not reach a terminal: escapes, C1 controls, bidi overrides,
/// line ends, combining marks, invisible blanks.
const EVIL: &str =
    "\x1b[2J\x1b]0;owned\x07\r\n\u{9b}31m\u{202e}\u{200b}\u{2066}e\u{301}\u{feff}\0\x7f\t\u{e0041}";

#[test]
fn evil_token_text_is_shown_and_is_lossless_in_json() {
    let file = table(Gguf::new().vocab("llama", &[EVIL, "猫🐈", "\u{301}"])).write();
    let path = file.path().to_str().unwrap();
    for format in ["table", "csv", "json", "md"] {
        for args in [&["lookup", path, "0..3"][..], &["neighbors", path, "0", "1", "2"]] {
            let printed = embcli([args, &["--format", format]].concat()).ok();
            assert_harmless(&printed);
        }
    }
    let answer = embcli(["lookup", "--format=json", path, "0..3"]).json();
    assert_eq!(answer["rows"][0]["token"], EVIL);
    let csv = embcli(["lookup", "--format=csv", path, "0..3"]).ok();
    assert_eq!(csv.lines().count(), 4, "one line per row");
    let shown = embcli(["lookup", path, "0"]).ok();
    assert!(shown.contains("\\x1b[2J"), "{shown}");
}

#[test]
fn tables_stay_aligned_with_any_tokens() {
    let long = "猫".repeat(500);
    let tokens = [EVIL, "猫🐈", &long, "", "👩‍👩‍👧‍👦", "e\u{301}\u{301}\u{301}\u{301}"];
    let values: Vec<f32> = (0..12).map(|i| i as f32).collect();
    let file = Gguf::new().vocab("llama", &tokens).table(F32, 2, 6, f32_bytes(&values)).write();
    for args in [&["lookup", "0..6"][..], &["neighbors", "5"]] {
        let printed =
            embcli(args[..1].iter().chain([&file.path().to_str().unwrap()]).chain(&args[1..])).ok();
        for line in printed.lines() {
            assert!(embcli::text::width(line) <= 80, "too wide: {line}");
        }
        let is_row = |line: &&str| line.trim_start().starts_with(|c: char| c.is_ascii_digit());
        // The last column is followed by bars of different lengths.
        let columns =
            |row: &str| embcli::text::width(row.trim_end_matches(|c| " █▏▎▍▌▋▊▉░".contains(c)));
        let widths: Vec<_> = printed.lines().filter(is_row).map(columns).collect();
        assert!(widths.len() >= 5 && widths.iter().all(|width| *width == widths[0]), "{printed}");
    }
}

#[test]
fn evil_tensor_names_keys_and_model_names() {
    // The name in an error's list, and as the table.
    let evil = Gguf::new().tensor(EVIL, &[2, 2], F32, [0; 16]).tensor(
        "x".repeat(60_000),
        &[2, 2],
        F32,
        [],
    );
    for outcome in harmless(evil) {
        assert!(outcome.error().contains("\\x1b[2J"));
    }
    let name = EVIL.replace('\0', "");
    let file = Gguf::new().tensor(&name, &[2, 2], F32, [1; 16]).write();
    for format in ["table", "csv", "json", "md"] {
        let args =
            ["lookup", file.path().to_str().unwrap(), "0", "--tensor", &name, "--format", format];
        let outcome = embcli(args);
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        assert_harmless(&outcome.stdout);
        assert_harmless(&outcome.stderr);
    }
    // A key in an error.
    for key in [EVIL, &"k".repeat(60_000)] {
        harmless(table(Gguf::new().kv(key, raw(99, [0; 64]))));
        harmless(table(Gguf::new().kv(key, raw(ARRAY, [0xFF; 64]))));
    }
    harmless(table(Gguf::new().kv("general.name", EVIL).kv("general.architecture", EVIL)));
    // A file that is not GGUF.
    none_answers(temp_file(EVIL.as_bytes()).path());
}

#[test]
fn evil_arguments() {
    let name = EVIL.replace('\0', "");
    for args in [
        &["lookup", &name, "0"][..],
        &["lookup", "fixtures/toy.gguf", &name],
        &["lookup", "fixtures/toy.gguf", "0", "--tensor", &name],
        &["lookup", "fixtures/toy.gguf", "0", &format!("--{name}")],
        &["lookup", "fixtures/toy.gguf", "0", "--values", &name],
        &["footprint", "--like", &name],
        &["footprint", "--vocab", &name, "--dim", "1"],
        &[&name],
    ] {
        let outcome = embcli(args);
        assert!(matches!(outcome.code, Some(1 | 2)), "{outcome:?}");
        assert_harmless(&outcome.stderr);
        assert_eq!(outcome.stderr.lines().count(), 1, "{outcome:?}");
    }
}

// ---- paths that are not regular files

#[cfg(unix)]
#[test]
fn devices_pipes_directories_and_sockets() {
    let dir = TempDir::new().unwrap();
    let fifo = dir.path().join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let socket = dir.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(&link, &link).unwrap();
    for (path, words) in [
        (Path::new("/dev/zero"), "this is a device, not a regular file"),
        (Path::new("/dev/null"), "this is a device, not a regular file"),
        (dir.path(), "this is a directory, not a regular file"),
        (&fifo, "this is a named pipe, not a regular file"),
        (&socket, "this is a socket, not a regular file"),
        (&link, "symbolic links"),
        (&dir.path().join("absent"), "no such file"),
    ] {
        let error = watched(["lookup".as_ref(), path.as_os_str(), "0".as_ref()]).error();
        assert!(error.contains(words), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn an_unreadable_file() {
    use std::os::unix::fs::PermissionsExt;
    let file = table(Gguf::new()).write();
    std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::read(file.path()).is_ok() {
        skipped("this user may read everything");
        return;
    }
    for outcome in every_command(file.path()) {
        assert!(outcome.error().contains("Permission denied"));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_shrinks_while_it_is_mapped() {
    use std::process::Stdio;
    // The child has read the header and mapped the table, and waits for its IDs.
    let file = table(Gguf::new()).write();
    let mut child = run::command()
        .args(["lookup", file.path().to_str().unwrap(), "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let name = file.path().file_name().unwrap().to_str().unwrap();
    let maps = format!("/proc/{}/maps", child.id());
    while !std::fs::read_to_string(&maps).unwrap().contains(name) {
        std::thread::yield_now();
    }
    // The map is now longer than the file.
    file.as_file().set_len(0).unwrap();
    child.stdin.take().unwrap().write_all(b"0").unwrap();
    let error = Outcome::from(child.wait_with_output().unwrap()).error();
    assert!(error.contains("became shorter while it was read"), "{error}");
}

#[test]
fn other_file_formats_are_named() {
    let whole = table(Gguf::new()).build();
    for (start, words) in [
        (&b"\x1f\x8b\x08"[..], "gzip"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"PK\x03\x04", "zip"),
        (b"\xef\xbb\xbf", "byte order mark"),
        (b"<!DOCTYPE html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"\x10\0\0\0\0\0\0\0{\"", "safetensors"),
        (b"\x1b[2J", "\\x1b[2J"),
        (b"gguf", "\"gguf\""),
    ] {
        for outcome in every_command(temp_file(&[start, &whole].concat()).path()) {
            let error = outcome.error();
            assert!(error.contains("not a GGUF file") && error.contains(words), "{error}");
        }
    }
}

/// The file is longer than the limit on the process's address space.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_can_not_be_mapped() {
    let start = Gguf::new().table(F32, 4096, 12_500_000, []).build();
    let Some(file) = then_zeros(&start, HUGE) else { return };
    let line = format!("ulimit -v 1000000; \"$0\" lookup {} 0", file.path().display());
    // It is read in ranges instead.
    assert!(shell(&line).ok().contains("[12500000, 4096]"));
}

#[cfg(unix)]
#[test]
fn shards_that_are_not_regular_files() {
    let dir = TempDir::new().unwrap();
    let shard = |no: u16| dir.path().join(format!("m-{no:05}-of-00003.gguf"));
    let first = Gguf::new().kv("split.no", 0u16).kv("split.count", 3u16);
    std::fs::write(shard(1), first.build()).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(shard(2)).status().unwrap().success());
    for outcome in every_command(&shard(1)) {
        let error = outcome.error();
        assert!(error.contains("m-00002-of-00003.gguf: this is a named pipe"), "{error}");
    }
}

#[test]
fn one_shard_of_a_hundred_thousand() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("m-00001-of-99999.gguf");
    let gguf = Gguf::new().kv("split.no", 0u32).kv("split.count", 99_999u32);
    std::fs::write(&path, table(gguf).build()).unwrap();
    let error =
        watched(["lookup".as_ref(), path.as_os_str(), "--tensor=x".as_ref(), "0".as_ref()]).error();
    assert!(error.contains("m-00002-of-99999.gguf and 99997 more are not there"), "{error}");
    all_answer(&path);
}

// ---- streams

/// Runs a shell command with the binary as `$0` and the toy model as `$1`.
#[cfg(unix)]
fn shell(line: &str) -> Outcome {
    let args = ["-c", line, env!("CARGO_BIN_EXE_embcli"), "fixtures/toy.gguf"];
    std::process::Command::new("sh").args(args).output().unwrap().into()
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_ends_it_quietly() {
    for format in ["table", "csv", "json", "md"] {
        let run =
            format!("{{ \"$0\" lookup \"$1\" 0..8192 --format {format}; echo code $? >&2; }}");
        for reader in ["head -c 1", "head -n 1", "true", "head -c 100000"] {
            let outcome = shell(&format!("{run} | {reader} > /dev/null"));
            assert_eq!(outcome.stderr, "code 0\n", "{format} | {reader}");
        }
    }
    let outcome = shell("{ \"$0\" --help; echo code $? >&2; } | true");
    assert_eq!(outcome.stderr, "code 0\n");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    for args in [
        "lookup \"$1\" 0",
        "lookup \"$1\" 0..8192",
        "lookup \"$1\" 0..8192 --format csv",
        "lookup \"$1\" 0 --format json",
        "neighbors \"$1\" 5",
        "footprint --like gpt2",
        "--help",
        "lookup --help",
        "--version",
    ] {
        let error = shell(&format!("\"$0\" {args} > /dev/full")).error();
        assert!(error.contains("No space left on device"), "{args}: {error}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn standard_error_that_can_not_be_written_to_changes_no_exit_code() {
    assert_eq!(shell("\"$0\" lookup absent 0 2> /dev/full").code, Some(1));
    assert_eq!(shell("\"$0\" lookup 2> /dev/full").code, Some(2));
    assert_eq!(shell("\"$0\" lookup absent 0 2>&-").code, Some(1));
}

#[cfg(unix)]
#[test]
fn closed_streams() {
    let error = shell("\"$0\" lookup \"$1\" - <&-").error();
    assert!(error.contains("standard input is empty"), "{error}");
    let error = shell("\"$0\" lookup \"$1\" 0 >&-").error();
    assert!(error.contains("writing to standard output"), "{error}");
    assert_eq!(shell("\"$0\" lookup \"$1\" 0 <&- >&- 2>&-").code, Some(1));
}

#[cfg(unix)]
#[test]
fn standard_input_without_end() {
    let limited = |line: &str| shell(&format!("ulimit -d 65536; {line}"));
    let error = limited("yes 1 | \"$0\" lookup \"$1\" -").error();
    assert!(error.contains("standard input is longer than 16 MiB"), "{error}");
    let error = limited("\"$0\" lookup \"$1\" - < /dev/zero").error();
    assert!(error.contains("standard input"), "{error}");
    let error = shell("yes 0..8192 | head -n 200 | \"$0\" lookup \"$1\" -").error();
    assert!(error.contains("more than 1048576 token IDs"), "{error}");
    let error = shell("head -c 1000000 /dev/zero | tr '\\0' x | \"$0\" lookup \"$1\" -").error();
    assert!(error.len() < 300, "{error}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_with_130_in_a_shell() {
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Stdio};
    let mut child = run::mortal(run::command())
        .args(["lookup", "fixtures/toy.gguf", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    assert!(
        Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success()
    );
    let stdin = child.stdin.take(); // keeps it open until the child has ended
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    // A shell reports an end by signal n as 128 + n.
    assert_eq!(output.status.signal().map(|signal| 128 + signal), Some(130));
    assert_eq!((output.stdout, output.stderr), (vec![], vec![]), "no partial output");
}

// ---- hostile vocabularies

#[test]
fn tokens_of_megabytes() {
    let file = table(Gguf::new().vocab("llama", &["a", &"x".repeat(100 << 20), "c"])).write();
    let path = file.path().to_str().unwrap();
    watched(["lookup", path, "0", "2"]).ok();
    let answer = watched(["lookup", path, "1"]).ok();
    assert!(answer.contains("[TOO_LONG_1"), "{answer}");
    let answer = watched(["tokens", path, "--format=csv"]).ok();
    assert!(answer.ends_with("1,[TOO_LONG_1_104857600_BYTES],\n2,c,\n"), "{answer}");
    assert_eq!(watched(["lookup", path, "c", "--format=json"]).json()["ids"][0], 2);
}

#[test]
fn a_vocabulary_of_more_than_a_million_with_three_rows() {
    let tokens = Value::Array(STRING, vec![text(b"x"); 1_200_000]);
    answered(table(Gguf::new().kv("tokenizer.ggml.tokens", tokens)));
}

#[track_caller]
fn tokenized(path: &Path, text: &str) -> Outcome {
    let text = format!("--text={text}");
    watched(["tokens".as_ref(), text.as_ref(), "--format=json".as_ref(), path.as_os_str()])
}

#[test]
fn more_tokens_and_merges_than_any_model_has() {
    // Empty strings are zeros in the file.
    let n = (1 << 20) + 1_u64;
    let empty = [&STRING.to_le_bytes()[..], &n.to_le_bytes()].concat();
    let with = |gguf: Gguf, key| then_zeros(&gguf.kv(key, raw(ARRAY, &*empty)).build(), 9 << 20);
    let rwkv = Gguf::new().kv("tokenizer.ggml.model", "rwkv");
    let Some(file) = with(rwkv, "tokenizer.ggml.tokens") else { return };
    let reason = "tokenizer.ggml.tokens has 1048577 strings; the limit is 917504";
    let error = tokenized(file.path(), "x").error();
    assert!(error.contains(reason), "{error}");
    // Lookup of a text fails anyway; a tokenizer would only add to the message.
    watched(["lookup".as_ref(), file.path().as_os_str(), "word".as_ref()]).error();

    let gpt2 = Gguf::new().vocab("gpt2", &["a"]);
    let Some(file) = with(gpt2, "tokenizer.ggml.merges") else { return };
    let error = tokenized(file.path(), "x").error();
    assert!(error.contains("tokenizer.ggml.merges has 1048577 strings"), "{error}");
}

#[test]
fn very_long_tokens_and_very_long_vocabularies() {
    let all = "a".repeat(2000);
    let file = Gguf::new().vocab("rwkv", &[&*all; 4000]).write();
    let error = tokenized(file.path(), &"a".repeat(60_000)).error();
    assert!(error.contains("has more than 6 MiB of text"), "{error}");
    // One token that is too long stops only itself.
    for length in [2049, 60_000, 70_000, 200_000] {
        let long = "a".repeat(length);
        let file = Gguf::new().vocab("rwkv", &["<s>", &long, "a"]).write();
        let answer = tokenized(file.path(), "aa").json();
        assert_eq!(answer["ids"], serde_json::json!([2, 2]), "{length}");
        let note = "1 token longer than 2048 bytes is not looked for in texts";
        assert_eq!(answer["notes"][0], note, "{length}");
    }
}

#[test]
fn a_long_token_that_almost_matches_everywhere() {
    // At each letter, the text is compared with almost the whole second token.
    let almost = "a".repeat(2047) + "b";
    let scores = vec![-1_f32; 2];
    for model in ["rwkv", "bert", "t5"] {
        let file = Gguf::new()
            .vocab(model, &["a", &almost])
            .kv("tokenizer.ggml.scores", scores.clone())
            .kv("tokenizer.ggml.unknown_token_id", 0_u32)
            .kv("tokenizer.ggml.bos_token_id", 0_u32)
            .kv("tokenizer.ggml.seperator_token_id", 0_u32)
            .kv("tokenizer.ggml.eos_token_id", 0_u32)
            .write();
        tokenized(file.path(), &"a".repeat(4000)).ok();
    }
}

#[test]
fn very_many_special_tokens() {
    const USER_DEFINED: i32 = 4;
    let letters = "abcdefghijklmnopqrstuvwxyz0123456789";
    let mut tokens = Vec::new();
    for a in letters.chars() {
        for b in letters.chars() {
            tokens.extend(letters.chars().map(|c| format!("{a}{b}{c}")));
        }
    }
    let mut state = 1_usize;
    let text: String = (0..20_000)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            &letters[(state >> 33) % 36..][..1]
        })
        .collect();
    let nested: Vec<String> = (1..500).map(|n| "a".repeat(n)).collect();
    for (tokens, text) in [(tokens, text), (nested, "a".repeat(20_000))] {
        let types = vec![USER_DEFINED; tokens.len()];
        let tokens: Vec<&str> = tokens.iter().map(|token| &**token).collect();
        let file =
            Gguf::new().vocab("llama", &tokens).kv("tokenizer.ggml.token_type", types).write();
        tokenized(file.path(), &text);
    }
}

#[test]
fn normalisations_that_make_a_text_huge() {
    let t5 = |charsmap: Vec<u8>| {
        let file = Gguf::new()
            .vocab("t5", &["a", "</s>", "<unk>"])
            .kv("tokenizer.ggml.precompiled_charsmap", charsmap)
            .write();
        tokenized(file.path(), &"A".repeat(50_000)).error()
    };
    for (len, words) in [
        (1 << 20, "a text of 1048576 bytes; the limit is 1024"),
        (1000, "makes the text more than 16 times as long"),
        (4 << 20, "the limit is 4194304"),
    ] {
        let error = t5(support::charsmap(&b"x".repeat(len)));
        assert!(error.contains(words), "{error}");
    }
    // `A` points back to the root.
    let mut cycle = support::charsmap(b"x");
    let unit = 4 + 4 * (1 ^ usize::from(b'A'));
    cycle[unit..unit + 4].copy_from_slice(&(u32::from(b'A') << 10 | u32::from(b'A')).to_le_bytes());
    let error = t5(cycle);
    assert!(error.contains("it replaces a text of more than 128 bytes"), "{error}");
}
