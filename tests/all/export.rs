//! `export`: the files, through the built binary.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::run::{Outcome, embcli};
use crate::support::{F32, Gguf, f32_bytes};

const TOY: &str = "fixtures/toy.gguf";

/// The forms of rows, as far as this build has them.
const FILES: &[&str] = match cfg!(feature = "parquet") {
    true => &["rows.npy", "rows.safetensors", "rows.parquet"],
    false => &["rows.npy", "rows.safetensors"],
};

/// A folder, and what `export` writes there.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, args: &[&str], file: &str) -> Outcome {
        let path = self.at(file);
        embcli([&["export"], args, &["-o", path.to_str().unwrap()]].concat())
    }

    /// Exports without a complaint but notes, and reads the file.
    #[track_caller]
    fn export(&self, args: &[&str], file: &str) -> Vec<u8> {
        let said = self.run(args, file);
        assert_eq!((said.code, &*said.stdout), (Some(0), ""), "{said:?}");
        assert!(said.stderr.lines().all(|line| line.starts_with("note: ")), "{said:?}");
        std::fs::read(self.at(file)).unwrap()
    }

    fn entries(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn lines(&self) -> Vec<Value> {
        let lines = std::fs::read_to_string(self.at("rows.jsonl")).unwrap();
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// The rows as `lookup` gives them.
fn looked_up(model: &str, ids: &str) -> Vec<u8> {
    let folder = Folder::new();
    let path = folder.at("l.npy");
    let said = embcli(["lookup", model, ids, "-o", path.to_str().unwrap()]);
    assert_eq!(said.code, Some(0), "{said:?}");
    std::fs::read(path).unwrap()
}

#[test]
fn a_matrix_is_that_of_lookup_and_the_tokens_lie_beside() {
    let folder = Folder::new();
    assert_eq!(folder.export(&[TOY], "rows.npy"), looked_up(TOY, "0.."));
    assert_eq!(folder.entries(), ["rows.jsonl", "rows.npy"]);
    let lines = folder.lines();
    assert_eq!(lines.len(), 8192);
    let cat: Value = serde_json::from_str(
        r#"{"id":2368,"token":" cat","type":"normal","norm":1.025670492812614}"#,
    )
    .unwrap();
    assert_eq!(lines[2368], cat);
    // The order of a list, repeats, words and texts.
    let args = [TOY, "7,5", "100..103", "7", "--token", " cat", "--force"];
    let rows = folder.export(&args, "rows.npy");
    assert_eq!(rows, looked_up(TOY, "7,5,100..103,7,2368"));
    let ids: Vec<_> = folder.lines().iter().map(|line| line["id"].clone()).collect();
    assert_eq!(ids, [7, 5, 100, 101, 102, 7, 2368]);
    let words = folder.at("words");
    std::fs::write(&words, " dog\n cat\n").unwrap();
    let args = [TOY, "--words", words.to_str().unwrap(), "--force"];
    assert_eq!(folder.export(&args, "rows.npy"), looked_up(TOY, "5765,2368"));
}

#[test]
fn the_number_of_threads_changes_no_byte_of_a_file() {
    // More than one row group, and several pieces.
    let (n, d) = (20_000, 40);
    let rows: Vec<f32> = (0..n * d).map(|i| (i as f32).sin()).collect();
    let model = Gguf::new().table(F32, d, n, f32_bytes(&rows)).write();
    let model = model.path().to_str().unwrap();
    for file in FILES {
        let run = |threads| Folder::new().export(&[model, "--threads", threads], file);
        let one = run("1");
        assert!(one == run("2") && one == run("7"), "{file}");
    }
}

#[test]
fn another_reader_reads_safetensors() {
    use safetensors::{Dtype, SafeTensors};
    let values = [1.0, -2.5, 65504.0, 65520.0, 1e-8, f32::NAN, f32::INFINITY, 0.1];
    let model = Gguf::new()
        .kv("general.architecture", "llama")
        .kv("general.name", "odd \"name\"")
        .vocab("llama", &["a", "\u{1b}"])
        .table(F32, 4, 2, f32_bytes(&values))
        .write();
    let model = model.path().to_str().unwrap();
    for (name, dtype, bytes) in [
        ("F32", Dtype::F32, values.map(|x| x.to_le_bytes().to_vec()).concat()),
        ("f16", Dtype::F16, values.map(|x| half::f16::from_f32(x).to_le_bytes().to_vec()).concat()),
        (
            "BF16",
            Dtype::BF16,
            values.map(|x| half::bf16::from_f32(x).to_le_bytes().to_vec()).concat(),
        ),
    ] {
        let folder = Folder::new();
        let said = folder.run(&[model, "--dtype", name], "rows.safetensors");
        assert_eq!(said.stderr.contains("1 values are too large"), name == "f16", "{said:?}");
        let file = std::fs::read(folder.at("rows.safetensors")).unwrap();
        let read = SafeTensors::deserialize(&file).unwrap();
        assert_eq!(read.names(), ["token_embd.weight"]);
        let tensor = read.tensor("token_embd.weight").unwrap();
        assert_eq!((tensor.dtype(), tensor.shape()), (dtype, &[2, 4][..]));
        assert_eq!(tensor.data(), bytes, "{name}");
        let (_, header) = SafeTensors::read_metadata(&file).unwrap();
        let metadata = header.metadata().clone().unwrap();
        assert_eq!(metadata["embcli.name"], "odd \"name\"");
        assert_eq!(metadata["embcli.tokens"], "rows.jsonl");
        assert_eq!(metadata["embcli.shape"], "[2, 4]");
        assert_eq!(metadata["embcli.type"], "F32");
        assert_eq!(folder.lines()[1]["token"], "\u{1b}");
    }
}

#[test]
fn embcli_reads_its_own_checkpoint() {
    let folder = Folder::new();
    folder.export(&[TOY, "0..100"], "rows.safetensors");
    let path = folder.at("rows.safetensors");
    assert_eq!(looked_up(path.to_str().unwrap(), "0.."), looked_up(TOY, "0..100"));
    // It can be made again, and is no model that must be kept.
    folder.export(&[TOY, "0..10", "--force"], "rows.safetensors");
    assert_eq!(looked_up(path.to_str().unwrap(), "0.."), looked_up(TOY, "0..10"));
}

#[test]
fn edges_are_the_lists_of_neighbors() {
    let folder = Folder::new();
    let args = [TOY, "2368", "0..3", "--neighbors", "3", "--metric", "l2"];
    let lines = String::from_utf8(folder.export(&args, "edges.jsonl")).unwrap();
    let edges: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let args = ["neighbors", TOY, "2368", "0..3", "-k3", "--metric=l2", "--format=json"];
    let answer = embcli(args).json();
    let queries = answer["queries"].as_array().unwrap();
    let expected = queries.iter().flat_map(|query| {
        query["neighbors"].as_array().unwrap().iter().map(|it| {
            serde_json::json!({"model": TOY, "id": query["id"], "neighbor_id": it["id"],
                "rank": it["rank"], "score": it["score"]})
        })
    });
    assert_eq!(edges, expected.collect::<Vec<_>>());
    let csv = String::from_utf8(folder.export(&[TOY, "7", "--neighbors", "1"], "e.csv")).unwrap();
    assert!(csv.starts_with("model,id,neighbor_id,rank,score\nfixtures/toy.gguf,7,"), "{csv}");
    assert_eq!(csv.lines().count(), 2);
    // All rows, without listing them.
    let tsv = folder.export(&[TOY, "--neighbors", "1"], "all.tsv");
    assert_eq!(String::from_utf8(tsv).unwrap().lines().count(), 8193);
}

#[test]
fn a_failure_leaves_neither_file() {
    let folder = Folder::new();
    let cut = Gguf::new().table(F32, 2, 4000, f32_bytes(&[1.0; 20])).write();
    let cut = cut.path().to_str().unwrap();
    for file in FILES {
        for (args, message) in [
            (&[TOY, "9999"][..], "out of range"),
            (&[TOY, "no such token"], "no such token"),
            (&["absent.gguf"], "absent.gguf"),
            (&[cut], "row 3999 needs bytes"),
            (&[cut, "0..20"], "row 12 needs bytes"),
        ] {
            let error = folder.run(args, file).error();
            assert!(error.contains(message), "{error}");
        }
        assert_eq!(folder.entries(), [""; 0], "{file}");
        // The rows that are there can be had.
        folder.export(&[cut, "0..10"], file);
        for name in folder.entries() {
            std::fs::remove_file(folder.at(&name)).unwrap();
        }
    }
}

#[test]
fn nothing_is_replaced_without_force_and_no_model_ever() {
    let folder = Folder::new();
    std::fs::copy(TOY, folder.at("m.gguf")).unwrap();
    let model = folder.at("m.gguf");
    let model = model.to_str().unwrap();
    let error = folder.run(&[model, "--format", "npy", "--force"], "m.gguf").error();
    assert!(error.contains("is a model (GGUF), which is never replaced"), "{error}");
    assert_eq!(std::fs::read(model).unwrap(), std::fs::read(TOY).unwrap());
    for mine in ["rows.npy", "rows.jsonl"] {
        std::fs::write(folder.at(mine), "mine").unwrap();
        let error = folder.run(&[TOY, "1"], "rows.npy").error();
        assert!(error.ends_with(&format!("{mine} already exists: --force replaces it")), "{error}");
        assert_eq!(folder.entries(), ["m.gguf", mine]);
        assert_eq!(std::fs::read(folder.at(mine)).unwrap(), b"mine");
        std::fs::remove_file(folder.at(mine)).unwrap();
    }
    let error = folder.run(&[TOY, "--format", "npy"], "rows.jsonl").error();
    assert!(error.contains("is for the tokens of the rows"), "{error}");
}

#[test]
fn wrong_calls_say_what_to_write() {
    let said = |args: &[&str]| {
        let said = embcli([&["export", TOY], args].concat());
        assert_eq!((said.code, said.stderr.lines().count()), (Some(2), 1), "{said:?}");
        said.stderr
    };
    for (args, message) in [
        (&[][..], "add -o rows.npy, .safetensors or .parquet"),
        (&["rows.npy"], "the file comes after -o: -o rows.npy"),
        (&["--neighbors", "3"], "add -o edges.parquet, .csv or .jsonl"),
        (&["-o", "r.csv"], "for csv: embcli lookup MODEL 0.. -o rows.csv"),
        (&["-o", "r.txt"], "can't print table: choose --format npy, safetensors or parquet"),
        (&["-o", "r.npy", "--dtype", "F16"], "--dtype is for .safetensors"),
        (&["-o", "r.npy", "--compress"], "--compress is for .parquet"),
        (&["-o", "r.npy", "--atlas"], "--neighbors <N>"),
        (&["-o", "r.npy", "--neighbors", "2"], "choose --format parquet, csv, tsv or jsonl"),
        (&["-o", "r.npy", "--neighbors", "0"], "'0'"),
        (
            &["-o", "r.parquet", "--neighbors", "2", "--atlas", "--metric", "dot"],
            "use cosine or l2",
        ),
    ] {
        let said = said(args);
        assert!(said.contains(message), "{args:?}: {said}");
    }
    let said = embcli(["dump", TOY]).stderr;
    assert!(said.contains("embcli export does this"), "{said}");
    let said = embcli(["lookup", TOY, "1", "-o", "x.parquet"]).stderr;
    assert!(said.contains("(embcli export writes that)"), "{said}");
}

#[test]
fn a_stream_gets_the_matrix_alone() {
    let output = crate::support::run::command()
        .args(["export", TOY, "5", "--format", "npy"])
        .output()
        .unwrap();
    assert_eq!(output.stdout, looked_up(TOY, "5"));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("note: the tokens are not written"), "{said}");
}

#[cfg(not(feature = "parquet"))]
#[test]
fn without_parquet_one_line_says_how_to_get_it() {
    let folder = Folder::new();
    let error = folder.run(&[TOY], "rows.parquet").error();
    assert!(error.contains("cargo install embcli --features parquet"), "{error}");
    assert_eq!(folder.entries(), [""; 0]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_in_every_form() {
    for form in FILES.iter().map(|file| Path::new(file).extension().unwrap().to_str().unwrap()) {
        let said = embcli(["export", TOY, "--format", form, "-o", "/dev/full"]).error();
        assert!(said.contains("writing to /dev/full: No space left"), "{said}");
    }
}

/// 102 MB of rows, in 64 MB of private memory.
#[cfg(target_os = "linux")]
#[test]
fn a_whole_table_needs_little_memory() {
    let (n, d) = (100_000, 256);
    let header = Gguf::new().table(F32, d, n, Vec::new()).build();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &header).unwrap();
    file.as_file().set_len(header.len() as u64 + d * n * 4).unwrap();
    for name in FILES {
        let folder = Folder::new();
        let output = std::process::Command::new("sh")
            .args(["-c", "ulimit -d 65536; exec \"$0\" export \"$1\" -o \"$2\" --threads 2"])
            .args([env!("CARGO_BIN_EXE_embcli"), file.path().to_str().unwrap()])
            .arg(folder.at(name))
            .output()
            .unwrap();
        assert!(output.status.success(), "{name}: {output:?}");
        assert!(std::fs::metadata(folder.at(name)).unwrap().len() > d * n * 4);
    }
}

#[cfg(feature = "parquet")]
mod parquet {
    use ::parquet::file::reader::{FileReader, SerializedFileReader};
    use ::parquet::file::statistics::Statistics;
    use ::parquet::record::{Field, RowAccessor};

    use super::*;

    fn reader(folder: &Folder, file: &str) -> SerializedFileReader<std::fs::File> {
        SerializedFileReader::new(std::fs::File::open(folder.at(file)).unwrap()).unwrap()
    }

    #[test]
    fn rows_read_back_bit_for_bit() {
        let whole = looked_up(TOY, "0..");
        let values = whole[whole.len() - 8192 * 16..].as_chunks().0.iter();
        let values: Vec<f32> = values.map(|x| f32::from_le_bytes(*x)).collect();
        for compress in [&[][..], &["--compress"]] {
            let folder = Folder::new();
            folder.export(&[&[TOY], compress].concat(), "rows.parquet");
            assert_eq!(folder.entries(), ["rows.parquet"]);
            let reader = reader(&folder, "rows.parquet");
            let texts = reader.metadata().file_metadata().key_value_metadata().unwrap().clone();
            let text = |key: &str| texts.iter().find(|pair| pair.key == key).unwrap().value.clone();
            assert_eq!(text("embcli.model").as_deref(), Some(TOY));
            assert_eq!(text("embcli.shape").as_deref(), Some("[8192, 4]"));
            let mut n = 0;
            for (id, row) in reader.get_row_iter(None).unwrap().enumerate() {
                let row = row.unwrap();
                assert_eq!(row.get_long(0).unwrap(), id as i64);
                let list = row.get_list(5).unwrap();
                for (field, value) in list.elements().iter().zip(&values[id * 4..][..4]) {
                    let Field::Float(field) = field else { panic!("{field:?}") };
                    assert_eq!(field.to_bits(), value.to_bits());
                }
                if id == 2368 {
                    assert_eq!(row.get_string(1).unwrap(), " cat");
                    assert_eq!(row.get_string(3).unwrap(), "normal");
                    assert_eq!(row.get_double(4).unwrap(), 1.025670492812614);
                }
                n += 1;
            }
            assert_eq!(n, 8192);
        }
    }

    #[test]
    fn row_groups_have_8192_rows_and_statistics_of_their_ids() {
        let model = Gguf::new().table(F32, 1, 20_000, f32_bytes(&[0.5; 20_000])).write();
        let folder = Folder::new();
        folder.export(&[model.path().to_str().unwrap()], "rows.parquet");
        let reader = reader(&folder, "rows.parquet");
        let groups = reader.metadata().row_groups();
        let rows: Vec<i64> = groups.iter().map(|group| group.num_rows()).collect();
        assert_eq!(rows, [8192, 8192, 3616]);
        let Some(Statistics::Int64(ids)) = groups[1].column(0).statistics() else { panic!() };
        assert_eq!((ids.min_opt(), ids.max_opt()), (Some(&8192), Some(&16383)));
        assert!(groups[1].columns()[1..].iter().all(|column| column.statistics().is_none()));
    }

    #[test]
    fn tokens_that_are_not_utf8_keep_their_bytes() {
        let folder = Folder::new();
        let model = Gguf::new()
            .kv("general.architecture", "gpt2")
            .vocab("gpt2", &["a", "Ã"])
            .table(F32, 1, 3, f32_bytes(&[1.0, 2.0, 3.0]))
            .write();
        folder.export(&[model.path().to_str().unwrap()], "rows.parquet");
        let reader = reader(&folder, "rows.parquet");
        let rows = reader.get_row_iter(None).unwrap();
        let rows: Vec<_> = rows.map(|row| row.unwrap().to_string()).collect();
        let part = |row: usize, part: &str| assert!(rows[row].contains(part), "{}", rows[row]);
        part(0, "token: \"a\", token_hex: null");
        part(1, "token: \"\u{fffd}\", token_hex: \"c3\"");
        part(2, "token: null, token_hex: null");
    }

    #[test]
    fn edges_are_those_of_csv() {
        let folder = Folder::new();
        let args = [TOY, "100..200", "--neighbors", "3"];
        folder.export(&args, "edges.parquet");
        let csv = String::from_utf8(folder.export(&args, "edges.csv")).unwrap();
        let reader = reader(&folder, "edges.parquet");
        let rows = reader.get_row_iter(None).unwrap();
        let rows = rows.map(|row| {
            let row = row.unwrap();
            let [id, other] = [1, 2].map(|at| row.get_long(at).unwrap());
            let (rank, score) = (row.get_int(3).unwrap(), row.get_double(4).unwrap());
            format!("{},{id},{other},{rank},{score}", row.get_string(0).unwrap())
        });
        assert!(rows.eq(csv.lines().skip(1)));
    }

    #[test]
    fn every_row_of_the_atlas_has_a_list() {
        // Row 1 has no direction.
        let rows = [[1.0, 0.0], [0.0, 0.0], [0.6, 0.8], [0.0, 2.0]].concat();
        let model = Gguf::new().table(F32, 2, 4, f32_bytes(&rows)).write();
        let folder = Folder::new();
        let args = [model.path().to_str().unwrap(), "--neighbors", "2", "--atlas"];
        folder.export(&args, "atlas.parquet");
        let reader = reader(&folder, "atlas.parquet");
        let rows = reader.get_row_iter(None).unwrap();
        let lists = rows.map(|row| {
            let row = row.unwrap();
            let has_place = row.get_float(6).is_ok() && row.get_float(7).is_ok();
            assert_eq!(has_place, row.get_long(0).unwrap() != 1);
            let lists = row.get_group(8).unwrap();
            let [ids, distances] = [0, 1].map(|at| lists.get_list(at).unwrap());
            assert_eq!(ids.len(), distances.len());
            let of = |at: usize| match (&ids.elements()[at], &distances.elements()[at]) {
                (Field::Long(id), Field::Double(distance)) => {
                    (*id, (distance * 10.0).round() as i64)
                }
                other => panic!("{other:?}"),
            };
            (0..ids.len()).map(of).collect::<Vec<_>>()
        });
        let expected = [vec![(2, 4), (3, 10)], vec![], vec![(3, 2), (0, 4)], vec![(2, 2), (0, 10)]];
        assert_eq!(lists.collect::<Vec<_>>(), expected);
    }
}
