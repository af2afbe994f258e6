//! Models by name, in fake stores with valid and with hostile contents.
//! (Hub caches consist of links, so these tests need a Unix system.)
#![cfg(unix)]

use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::support::machine::{MANIFESTS, Machine, blob, hex, manifest_of};
use crate::support::run::{Outcome, assert_harmless, command};
use crate::support::{F32, Gguf, f32_bytes};
use serde_json::{Value, json};

impl Machine {
    fn link(&self, path: &str, to: impl AsRef<Path>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(to, path).unwrap();
    }

    /// Runs the binary in the home folder, without the environment of the tests.
    fn run(&self, args: &[&str]) -> Outcome {
        self.run_with(&[("OLLAMA_MODELS", "~/.ollama/models")], args)
    }

    fn run_with(&self, set: &[(&str, &str)], args: &[&str]) -> Outcome {
        let mut command = command();
        command.env_clear().env("COLUMNS", "80").env("HOME", self.home());
        command.envs(set.iter().copied()).current_dir(self.home()).args(args);
        let outcome = Outcome::from(command.output().unwrap());
        assert_harmless(&outcome.stdout);
        assert_harmless(&outcome.stderr);
        outcome
    }

    /// The `general.name` of the model that `name` opens.
    #[track_caller]
    fn inside(&self, name: &str) -> Value {
        self.run(&["info", name, "--format", "json"]).json()["name"].clone()
    }

    /// The error line for a name.
    #[track_caller]
    fn refused(&self, name: &str) -> String {
        let line = self.run(&["lookup", name, "0"]).error();
        assert!(line.len() < 800, "{line}");
        line
    }

    fn models(&self) -> Value {
        self.run(&["models", "--format", "json"]).json()
    }

    /// The names that `models` lists.
    fn names(&self) -> Vec<String> {
        let models = self.models();
        let all = models["models"].as_array().unwrap().iter();
        all.map(|model| model["name"].as_str().unwrap().to_owned()).collect()
    }

    /// Puts a model into the hub's cache, in the layout of its client.
    fn hub(&self, repo: &str, file: &str, bytes: Vec<u8>) {
        let folder = format!(".cache/huggingface/hub/models--{repo}");
        let hash: String = file.bytes().map(|byte| format!("{byte:02x}")).collect();
        self.write(&format!("{folder}/refs/main"), format!("{COMMIT}\n"));
        self.write(&format!("{folder}/blobs/{hash}"), bytes);
        let up = "../".repeat(2 + file.matches('/').count());
        self.link(&format!("{folder}/snapshots/{COMMIT}/{file}"), format!("{up}blobs/{hash}"));
    }
}

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A model with this `general.name`.
fn model(inside: &str) -> Gguf {
    Gguf::new()
        .kv("general.architecture", "llama")
        .kv("general.name", inside)
        .vocab("llama", &["a", "b"])
        .table(F32, 2, 2, f32_bytes(&[1.0, 2.0, 3.0, 4.0]))
}

fn gguf(inside: &str) -> Vec<u8> {
    model(inside).build()
}

/// A machine with something in each store.
fn furnished() -> Machine {
    let machine = Machine::new();
    machine.ollama("library/llama3.2/latest", &hex('a'), gguf("ollama latest"));
    machine.ollama("library/llama3.2/1b", &hex('b'), gguf("ollama 1b"));
    machine.ollama("me/mine/latest", &hex('c'), gguf("mine"));
    machine.write(".ollama/models/manifests/hf.co/org/repo/Q8_0", {
        manifest_of(&format!("sha256:{}", hex('a')))
    });
    machine.hub("org--single", "single.Q4_K_M.gguf", gguf("single"));
    machine.hub("org--single", "mmproj-single.gguf", gguf("projector"));
    machine.hub("org--many", "many-Q4_K_M.gguf", gguf("many 4"));
    machine.hub("org--many", "many-Q8_0.gguf", gguf("many 8"));
    machine.hub("org--many", "big/many-F16.gguf", gguf("many 16, in a folder"));
    for no in 0..2_u16 {
        let file = format!("split-0000{}-of-00002.gguf", no + 1);
        let part = model(&format!("split {no}")).kv("split.no", no).kv("split.count", 2_u16);
        machine.hub("org--split", &file, part.build());
    }
    machine.write(".lmstudio/models/pub/one/one.gguf", gguf("studio"));
    machine.write(".lmstudio/models/pub/two/two-a.gguf", gguf("two a"));
    machine.write(".lmstudio/models/pub/two/two-b.gguf", gguf("two b"));
    machine.write(".cache/llama.cpp/org_repo_old.gguf", gguf("old"));
    machine
}

#[test]
fn every_form_of_name_opens_its_model() {
    let machine = furnished();
    for (name, inside) in [
        ("ollama:llama3.2", "ollama latest"),
        ("ollama:llama3.2:latest", "ollama latest"),
        ("ollama:llama3.2:1b", "ollama 1b"),
        ("ollama:library/llama3.2:1b", "ollama 1b"),
        ("ollama:registry.ollama.ai/library/llama3.2", "ollama latest"),
        ("ollama:me/mine", "mine"),
        ("Ollama:me/mine", "mine"),
        ("ollama:hf.co/org/repo:Q8_0", "ollama latest"),
        ("hf:org/single", "single"),
        ("hf:org/single/single.Q4_K_M.gguf", "single"),
        ("hf:org/single/mmproj-single.gguf", "projector"),
        ("hf:org/many/many-Q8_0.gguf", "many 8"),
        ("hf:org/many/many-Q8_0", "many 8"),
        ("hf:org/many/big/many-F16.gguf", "many 16, in a folder"),
        ("hf:org/many/many-F16.gguf", "many 16, in a folder"),
        ("hf:org/many:q4_k_m", "many 4"),
        ("hf:org/split", "split 0"),
        ("hf:org/split/split", "split 0"),
        ("hf:org/split/split-00002-of-00002.gguf", "split 0"),
        ("lmstudio:pub/one", "studio"),
        ("lmstudio:pub/one/one.gguf", "studio"),
        ("lmstudio:pub/two/two-b", "two b"),
        ("llama.cpp:org_repo_old.gguf", "old"),
        ("llama.cpp:org_repo_old", "old"),
        // Bare names.
        ("llama3.2", "ollama latest"),
        ("Llama3.2:1B", "ollama 1b"),
        ("me/mine", "mine"),
        ("org/single", "single"),
        ("single", "single"),
        ("many-Q8_0.gguf", "many 8"),
        ("split", "split 0"),
        ("one", "studio"),
        ("pub/two/two-a.gguf", "two a"),
        ("two-a", "two a"),
        ("org_repo_old", "old"),
    ] {
        assert_eq!(machine.inside(name), inside, "{name}");
    }
}

#[test]
fn the_answer_uses_the_name_that_was_typed() {
    let machine = furnished();
    let answer = machine.run(&["lookup", "ollama:me/mine", "1", "--format", "json"]).json();
    assert_eq!(answer["model"], "ollama:me/mine");
    assert_eq!(answer["rows"][0]["values"], json!([3.0, 4.0]));
    let toy = machine.run(&["lookup", "toy", "2368", "--format", "json"]).json();
    assert_eq!(toy["rows"][0]["values"], json!([0.12, -0.34, 0.56, 0.78]));
    let cost = machine.run(&["footprint", "toy", "--format", "json"]).json();
    assert_eq!(cost["actual"]["bytes"], 8192 * 16);
    machine.run(&["neighbors", "toy", " cat"]).ok();
    machine.run(&["tokens", "toy", "cat"]).ok();
    machine.run(&["info", "toy"]).ok();
}

#[test]
fn paths_come_after_store_names_and_before_bare_names() {
    let machine = furnished();
    machine.write("llama3.2", gguf("a file of that name"));
    machine.write("toy", gguf("a file called toy"));
    machine.write("ollama:llama3.2", gguf("a file called like a model"));
    machine.write("ollama:absent", gguf("a file called like no model"));
    assert_eq!(machine.inside("llama3.2"), "a file of that name");
    assert_eq!(machine.inside("./toy"), "a file called toy");
    assert_ne!(machine.inside("toy"), "a file called toy");
    assert_eq!(machine.inside("ollama:llama3.2"), "ollama latest");
    assert_eq!(machine.inside("./ollama:llama3.2"), "a file called like a model");
    assert!(machine.refused("ollama:absent").contains("no such model in ~/.ollama/models"));
    machine.link("two-a", "nowhere");
    assert!(machine.refused("two-a").contains("No such file"), "a broken link is a path too");
}

#[test]
fn ambiguous_names_list_the_choices() {
    let machine = furnished();
    machine.write(".lmstudio/models/pub/again/single.Q4_K_M.gguf", gguf("again"));
    for (name, choices) in [
        ("single.Q4_K_M.gguf", &["hf:org/single", "lmstudio:pub/again"][..]),
        ("org/many", &["hf:org/many/many-Q4_K_M.gguf", "hf:org/many/big/many-F16.gguf"]),
        ("hf:org/many", &["hf:org/many/many-Q4_K_M.gguf", "hf:org/many/big/many-F16.gguf"]),
        ("hf:org/many:many", &["3 models", "hf:org/many/many-Q8_0.gguf"]),
        ("lmstudio:pub/two", &["lmstudio:pub/two/two-a.gguf", "lmstudio:pub/two/two-b.gguf"]),
    ] {
        let line = machine.refused(name);
        assert!(choices.iter().all(|choice| line.contains(choice)), "{name}: {line}");
        assert!(line.contains("name one of"), "{line}");
    }
}

#[test]
fn missing_names_get_advice() {
    let machine = furnished();
    machine.write("gemma-3-270m.gguf", gguf("here"));
    fs::create_dir(machine.path("empty")).unwrap();
    let at_home = |path: &str| machine.path(path).to_str().unwrap().to_owned();
    for (name, says) in [
        ("ollama:llama3.3", "did you mean ollama:llama3.2?"),
        ("ollama:mistral", "`ollama pull mistral` fetches it"),
        ("ollama:mistral", "the store has ollama:hf.co/org/repo:Q8_0"),
        ("ollama:a/b/c/d", "ollama:[[host/]namespace/]model[:tag]"),
        ("hf:org/sinlge", "did you mean hf:org/single?"),
        ("hf:other/thing", "`hf download other/thing` fetches it"),
        ("hf:org/many/many-Q8.gguf", "did you mean hf:org/many/many-Q8_0.gguf?"),
        ("hf:org/many:IQ1_S", "name one of hf:org/many/big/many-F16.gguf"),
        ("lmstudio:one", "lmstudio:publisher/repo"),
        ("lmstudio:pub/on", "did you mean lmstudio:pub/one?"),
        ("llama.cpp:org_repo_odl", "did you mean llama.cpp:org_repo_old.gguf?"),
        ("lama3.2", "did you mean ollama:llama3.2?"),
        ("tooy", "did you mean toy?"),
        ("lmstduio:pub/one", "did you mean lmstudio:pub/one?"),
        ("LLAMA", "names that contain it: ollama:llama3.2"),
        ("gemma-3-270.gguf", "did you mean gemma-3-270m.gguf?"),
        (".", "this is a directory: name one of ./gemma-3-270m.gguf"),
        ("empty", "this is a directory, not a regular file"),
        (&at_home("gemma-3-270.gguf"), "gemma-3-270m.gguf?"),
        ("xyzzy", "no model has this name in ~/.ollama/models, ~/.cache/huggingface/hub"),
        ("xyzzy", "embcli models"),
        ("huggingface:org/thing", "starts with ollama:, hf:, lmstudio:, llama.cpp:"),
        (
            "ftp://example.com/m.gguf",
            match cfg!(feature = "remote") {
                true => "neither https:// nor http:// nor hf://",
                false => {
                    "reads no files over a network (it was built without the feature `remote`)"
                }
            },
        ),
    ] {
        let line = machine.refused(name);
        assert!(line.contains(says), "{name}: {line}");
    }
}

/// Asserts that a manifest under `library/evil` is refused with this message.
#[track_caller]
fn assert_refused(machine: &Machine, bytes: impl AsRef<[u8]>, says: &str) {
    machine.write(&format!("{MANIFESTS}/library/evil/latest"), bytes);
    let line = machine.refused("ollama:evil");
    assert!(line.contains(says), "{says}: {line}");
    let models = machine.models();
    let all = models["models"].as_array().unwrap();
    let evil = all.iter().find(|model| model["name"] == "ollama:evil").unwrap();
    let problem = evil["problem"].as_str().unwrap();
    assert!(problem.contains(says) && evil["bytes"].is_null(), "{evil}");
    let fine = all.iter().filter(|model| model["problem"].is_null()).count();
    assert_eq!(fine, all.len() - 1, "the others are still listed: {models}");
}

#[test]
fn hostile_manifests_are_refused_with_one_line() {
    let machine = furnished();
    let secret = machine.write("secret.gguf", gguf("secret"));
    let up = "../".repeat(21) + "x";
    for digest in [
        "sha256:../../../secret.gguf",
        &format!("sha256:{up}"),
        &format!("sha256:{}", secret.display()),
        secret.to_str().unwrap(),
        &format!("sha256-{}", hex('a')),
        &format!("sha256:{}", hex('A')),
        &format!("sha256:{}", &hex('a')[1..]),
        &format!("sha256:{}/", &hex('a')[1..]),
        &format!("sha256:{}\0", hex('a')),
        &format!("sha512:{}", hex('a')),
        "\x1b[2J\u{202e}",
        "",
    ] {
        assert_refused(&machine, manifest_of(digest), "is not sha256: and 64 lower-case hex");
    }
    let tensors = manifest_of("").replace("image.model", "image.tensor");
    assert_refused(&machine, tensors, "another format");
    assert_refused(&machine, manifest_of("").replace("image.model", "x"), "no layer that is a");
    assert_refused(&machine, "{}", "no layer that is a model");
    assert_refused(&machine, "not JSON", "not the JSON");
    assert_refused(&machine, b"\xff\xfe", "not the JSON");
    assert_refused(&machine, "", "not the JSON");
    assert_refused(&machine, r#"{"layers": "all"}"#, "not the JSON");
    assert_refused(&machine, "[".repeat(1 << 20), "not the JSON");
    assert_refused(&machine, "{\"a\":".repeat(1 << 19), "not the JSON");
    let huge = format!("{}{}", manifest_of(&format!("sha256:{}", hex('a'))), " ".repeat(5 << 20));
    assert_refused(&machine, huge, "is longer than");
    let absent = manifest_of(&format!("sha256:{}", hex('0')));
    assert_refused(&machine, absent, "not there (an incomplete download?)");
    machine.write(&blob(&hex('1')), "no GGUF");
    let manifest = manifest_of(&format!("sha256:{}", hex('1')));
    machine.write(&format!("{MANIFESTS}/library/evil/latest"), manifest);
    assert!(machine.refused("ollama:evil").contains("not a GGUF file"));
}

#[test]
fn links_and_pipes_are_refused_with_one_line() {
    let machine = furnished();
    let secret = machine.write("secret.gguf", gguf("secret"));
    let manifest = manifest_of(&format!("sha256:{}", hex('d')));
    machine.link(&blob(&hex('d')), &secret);
    assert_refused(&machine, manifest, "a link leaves the store");

    // The manifest itself: a link, a pipe, a folder.
    let evil = machine.path(&format!("{MANIFESTS}/library/evil/latest"));
    let elsewhere = machine.write("m.json", manifest_of(&format!("sha256:{}", hex('a'))));
    fs::remove_file(&evil).unwrap();
    symlink(elsewhere, &evil).unwrap();
    assert!(machine.refused("ollama:evil").contains("a link leaves the store"));
    fs::remove_file(&evil).unwrap();
    pipe(&evil);
    assert!(machine.refused("ollama:evil").contains("not a regular file"));
    assert!(machine.run(&["models"]).ok().contains("not a regular file"));
    fs::remove_file(&evil).unwrap();
    fs::create_dir(&evil).unwrap();
    assert!(machine.refused("ollama:evil").contains("not a regular file"));
    assert!(!machine.names().contains(&"ollama:evil".to_owned()), "a folder is not a tag");
    // The blob: a pipe.
    fs::remove_dir(&evil).unwrap();
    pipe(&machine.path(&blob(&hex('e'))));
    let manifest = manifest_of(&format!("sha256:{}", hex('e')));
    machine.write(&format!("{MANIFESTS}/library/evil/latest"), manifest);
    assert!(machine.refused("ollama:evil").contains("this is a named pipe"));

    // The hub's cache.
    let hub = ".cache/huggingface/hub";
    machine.link(&format!("{hub}/models--org--single/snapshots/{COMMIT}/x.gguf"), &secret);
    assert!(machine.refused("hf:org/single/x.gguf").contains("a link leaves the store"));
    machine.link(&format!("{hub}/models--org--single/snapshots/{COMMIT}/y.gguf"), "gone");
    assert!(machine.refused("hf:org/single/y.gguf").contains("links to a file that is not there"));
    machine.link(&format!("{hub}/models--org--out"), machine.path(".lmstudio/models/pub/one"));
    assert!(machine.refused("hf:org/out").contains("a link leaves the store"));
    machine.write("elsewhere.gguf", model("x").kv("split.no", 1_u16).build());
    let split = machine.path(&format!("{hub}/models--org--split/snapshots/{COMMIT}"));
    fs::remove_file(split.join("split-00002-of-00002.gguf")).unwrap();
    symlink(machine.path("elsewhere.gguf"), split.join("split-00002-of-00002.gguf")).unwrap();
    assert!(machine.refused("hf:org/split").contains("a link leaves the store"));

    // LM Studio's folder and llama.cpp's.
    machine.link(".lmstudio/models/pub/one/evil.gguf", &secret);
    assert!(machine.refused("lmstudio:pub/one/evil.gguf").contains("a link leaves the store"));
    machine.link(".lmstudio/models/all", "/");
    machine.link(".lmstudio/models/pub/loop", machine.path(".lmstudio/models"));
    machine.link(".cache/llama.cpp/evil.gguf", &secret);
    assert!(machine.refused("llama.cpp:evil").contains("a link leaves the store"));
    machine.link(".cache/llama.cpp/wicked.gguf", &secret);
    assert!(machine.refused("wicked").contains("a link leaves the store"));

    let models = machine.models();
    let notes = models["notes"].to_string();
    assert!(notes.contains("link to a folder outside of the store"), "{notes}");
    // The listing shows nothing of a link's target.
    let all = models["models"].as_array().unwrap();
    for name in [
        "hf:org/single/x.gguf",
        "hf:org/single/y.gguf",
        "hf:org/split",
        "lmstudio:pub/one/evil.gguf",
        "llama.cpp:evil.gguf",
        "llama.cpp:wicked.gguf",
    ] {
        let linked = all.iter().find(|model| model["name"] == name).expect(name);
        assert!(linked["problem"].as_str().unwrap().contains("link"), "{linked}");
        for field in ["path", "bytes", "architecture", "shape", "type"] {
            assert_eq!(linked.get(field), Some(&Value::Null), "{field} of {linked}");
        }
    }
}

#[test]
fn linked_folders_outside_the_store_are_not_listed() {
    let machine = furnished();
    let secret = machine.write("secret/a/b/secret.gguf", gguf("secret"));
    let [b, a] = [1, 2].map(|up| secret.ancestors().nth(up).unwrap());
    let hub = ".cache/huggingface/hub";
    machine.write(&format!("{hub}/models--evil--main/refs/main"), COMMIT);
    machine.link(&format!("{hub}/models--evil--main/snapshots/{COMMIT}"), b);
    machine.link(&format!("{hub}/models--evil--only/snapshots/{COMMIT}"), b);
    machine.link(&format!("{hub}/models--evil--all/snapshots"), a);
    machine.link(&format!("{hub}/models--evil--repo"), a);
    machine.link(&format!("{hub}/models--org--many/more"), b);
    machine.link(&format!("{MANIFESTS}/library/evil"), b);
    machine.link(&format!("{MANIFESTS}/library/llama3.2/evil"), b);
    machine.link(".lmstudio/models/evil", a);
    machine.link(".lmstudio/models/pub/evil", b);
    machine.link(".cache/llama.cpp/evil.gguf", b);
    let models = machine.models();
    for part in ["models", "places"] {
        let listed = models[part].to_string();
        assert!(!listed.contains("evil") && !listed.contains("secret"), "{listed}");
    }
    let notes = models["notes"].to_string();
    assert!(!notes.contains("secret.gguf"), "{notes}");
    for repo in ["main", "all", "repo"] {
        let line = machine.refused(&format!("hf:evil/{repo}"));
        assert!(line.contains("a link leaves the store"), "{line}");
    }
    assert!(machine.refused("hf:evil/only").contains("nothing of it is downloaded"));
    assert!(machine.refused("lmstudio:pub/evil").contains("a link leaves the store"));
    assert!(machine.refused("ollama:evil:secret.gguf").contains("a link leaves the store"));

    // The folder of all Ollama manifests is a link out of the store.
    fs::rename(machine.path(".ollama/models/manifests"), machine.path("manifests")).unwrap();
    machine.link(".ollama/models/manifests", machine.path("manifests"));
    assert!(!machine.models()["models"].to_string().contains("ollama:"));
    assert!(machine.refused("ollama:me/mine").contains("a link leaves the store"));
}

#[test]
fn links_within_a_store_are_followed() {
    let machine = furnished();
    machine.link(&blob(&hex('d')), format!("sha256-{}", hex('a')));
    machine.link(&blob(&hex('e')), machine.path(&blob(&hex('d'))));
    for digit in ['d', 'e'] {
        let manifest = manifest_of(&format!("sha256:{}", hex(digit)));
        machine.write(&format!("{MANIFESTS}/library/linked/{digit}"), manifest);
    }
    machine.link(&format!("{MANIFESTS}/library/linked/latest"), "d");
    machine.link(&format!("{MANIFESTS}/library/same"), "linked");
    let many = ".cache/huggingface/hub/models--org--many";
    machine.link(&format!("{many}/snapshots/other"), COMMIT);
    machine.write(&format!("{many}/refs/main"), "other");
    machine.link(".lmstudio/models/pub/three", "one");
    // The store itself may be a link to anywhere.
    for store in [".ollama/models", ".cache/huggingface"] {
        let elsewhere = machine.path(&store.replace(['.', '/'], "-"));
        fs::rename(machine.path(store), &elsewhere).unwrap();
        machine.link(store, elsewhere);
    }
    let names = machine.names();
    for (name, inside) in [
        ("ollama:linked", "ollama latest"),
        ("ollama:linked:d", "ollama latest"),
        ("ollama:linked:e", "ollama latest"),
        ("ollama:same", "ollama latest"),
        ("hf:org/many/many-Q8_0.gguf", "many 8"),
        ("lmstudio:pub/three", "studio"),
    ] {
        assert_eq!(machine.inside(name), inside, "{name}");
        assert!(names.contains(&name.to_owned()), "{name}: {names:?}");
    }
}

fn pipe(path: &Path) {
    let path = CString::new(path.as_os_str().as_bytes()).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(std::ffi::OsStr::from_bytes(path.as_bytes()))
        .status();
    assert!(made.unwrap().success());
}

#[test]
fn names_can_not_leave_their_store() {
    let machine = furnished();
    machine.write("secret.gguf", gguf("secret"));
    for name in [
        "ollama:../../secret.gguf",
        "ollama:..",
        "ollama:a/../b",
        "ollama:x:..",
        "ollama:",
        "ollama:/etc/passwd",
        "ollama:a//b",
        "ollama:a\\b",
        "hf:..",
        "hf:../..",
        "hf:org/single/../../../../secret.gguf",
        "hf:org/single//etc/passwd",
        "hf:",
        "hf:a\nb",
        "lmstudio:../..",
        "lmstudio:pub/one/../../../../secret.gguf",
        "lmstudio:pub/..",
        "lmstudio:",
        "llama.cpp:../../secret.gguf",
        "llama.cpp:..",
        "llama.cpp:",
    ] {
        let line = machine.refused(name);
        assert!(line.contains("is not a valid name in a store"), "{name:?}: {line}");
    }
}

#[test]
fn an_invalid_commit_is_refused() {
    let machine = furnished();
    let main = ".cache/huggingface/hub/models--org--single/refs/main";
    for (commit, says) in [
        ("../../../../..", "holds no commit"),
        ("/etc", "holds no commit"),
        ("", "holds no commit"),
        (&"a".repeat(300), "is longer than"),
        ("abcdef", "the files of its commit abcdef are not there"),
    ] {
        machine.write(main, commit);
        let line = machine.refused("hf:org/single");
        assert!(line.contains(says), "{commit}: {line}");
        let notes = machine.models()["notes"].to_string();
        assert!(notes.contains("hf:org/single is left out"), "{notes}");
    }
    fs::remove_file(machine.path(main)).unwrap();
    assert_eq!(machine.inside("hf:org/single"), "single", "the only commit");
    fs::create_dir(machine.path(&main.replace("refs/main", "snapshots/other"))).unwrap();
    assert!(machine.refused("hf:org/single").contains("several commits"));
}

#[test]
fn variables_move_the_stores() {
    let machine = Machine::new();
    let hub = |root: &str, inside: &str| {
        machine.write(&format!("{root}/models--o--r/refs/main"), "c");
        machine.write(&format!("{root}/models--o--r/snapshots/c/f.gguf"), gguf(inside));
    };
    hub("new", "HF_HUB_CACHE");
    hub("old", "HUGGINGFACE_HUB_CACHE");
    hub("hf/hub", "HF_HOME");
    hub("xdg/huggingface/hub", "XDG_CACHE_HOME");
    hub("llama", "LLAMA_CACHE");
    machine.write("llama/flat.gguf", gguf("flat"));
    machine.write("xdg/llama.cpp/flat.gguf", gguf("flat in xdg"));
    let mut set: Vec<(&str, String)> = Vec::new();
    let inside = |set: &[(&str, String)], name: &str| {
        let set: Vec<_> = set.iter().map(|(key, value)| (*key, value.as_str())).collect();
        machine.run_with(&set, &["info", name, "--format", "json"]).json()["name"].clone()
    };
    for (name, folder) in [
        ("XDG_CACHE_HOME", "xdg"),
        ("HF_HOME", "hf"),
        ("HUGGINGFACE_HUB_CACHE", "old"),
        ("HF_HUB_CACHE", "new"),
        ("LLAMA_CACHE", "llama"),
    ] {
        set.push((name, machine.path(folder).to_str().unwrap().to_owned()));
        assert_eq!(inside(&set, "hf:o/r"), name);
        let flat = if name == "LLAMA_CACHE" { "flat" } else { "flat in xdg" };
        assert_eq!(inside(&set, "llama.cpp:flat"), flat, "{name}");
    }
    machine.write(".lmstudio/models/p/r/f.gguf", gguf("usual"));
    assert_eq!(inside(&set, "lmstudio:p/r"), "usual");
    machine.write("moved/models/p/r/f.gguf", gguf("pointed to"));
    machine.write(".lmstudio-home-pointer", format!("{}\n", machine.path("moved").display()));
    assert_eq!(inside(&set, "lmstudio:p/r"), "pointed to");
    machine.write(".cache/lm-studio/models/p/s/f.gguf", gguf("older"));
    assert_eq!(inside(&set, "lmstudio:p/s"), "older");
}

#[test]
fn variables_may_be_empty_relative_or_wrong() {
    let machine = furnished();
    let (ollama, hub, studio, flat) =
        ("ollama:me/mine", "hf:org/single", "lmstudio:pub/one", "llama.cpp:org_repo_old");
    let lookup = |name, value, model| machine.run_with(&[(name, value)], &["lookup", model, "0"]);
    for (name, relative) in [
        ("OLLAMA_MODELS", ".ollama/models"),
        ("HF_HUB_CACHE", ".cache/huggingface/hub"),
        ("HUGGINGFACE_HUB_CACHE", ".cache/huggingface/hub/"),
        ("HF_HOME", "./.cache/huggingface"),
        ("XDG_CACHE_HOME", ".cache"),
        ("LLAMA_CACHE", ".cache/llama.cpp"),
    ] {
        for value in ["", relative] {
            for model in [ollama, hub, studio, flat] {
                let outcome = lookup(name, value, model);
                assert_eq!(outcome.code, Some(0), "{name}={value}: {outcome:?}");
            }
        }
    }
    machine.write("file", "");
    for (name, model, store) in [
        ("OLLAMA_MODELS", ollama, ""),
        ("HF_HUB_CACHE", hub, ""),
        ("HUGGINGFACE_HUB_CACHE", hub, ""),
        ("HF_HOME", hub, "/hub"),
        ("XDG_CACHE_HOME", hub, "/huggingface/hub"),
        ("XDG_CACHE_HOME", flat, "/llama.cpp"),
        ("LLAMA_CACHE", flat, ""),
    ] {
        for value in ["nowhere", "file"] {
            let line = lookup(name, value, model).error();
            let place = format!("no such model in {value}{store}");
            assert!(line.contains(&place), "{name}={value}: {line}");
            machine.run_with(&[(name, value)], &["models"]).ok();
        }
    }
    assert_eq!(lookup("LLAMA_CACHE", "nowhere", hub).code, Some(0), "the hub has its own cache");
}

#[test]
fn models_lists_all_and_every_form_holds_it() {
    let machine = furnished();
    let long = "a-model-with-a-name-that-is-much-too-long-for-a-column-Q4_K_M.gguf";
    machine.write(&format!(".cache/llama.cpp/{long}"), gguf("long"));
    machine.write(".cache/llama.cpp/broken.gguf", "GGUF");
    machine.write(".cache/llama.cpp/vocab.gguf", Gguf::new().vocab("llama", &["a"]).build());
    let table = machine.run(&["models"]).ok();
    for line in table.lines() {
        assert!(embcli::text::width(line) <= 80 || line.contains(long), "{line}");
    }
    insta::assert_snapshot!(table);
    let models = machine.models();
    let all = models["models"].as_array().unwrap();
    let names: Vec<&str> = all.iter().map(|model| model["name"].as_str().unwrap()).collect();
    assert_eq!(&names[..3], ["toy", "words", "ollama:hf.co/org/repo:Q8_0"]);
    for model in all.iter().filter(|model| model["problem"].is_null()) {
        let name = model["name"].as_str().unwrap();
        let info = machine.run(&["info", name, "--format", "json"]).json();
        assert_eq!(info["table"]["shape"], model["shape"], "{name}");
        assert_eq!(info["table"]["type"], model["type"], "{name}");
        assert_eq!(info["architecture"], model["architecture"], "{name}");
        assert_eq!(info["file_bytes"], model["bytes"], "{name}");
    }
    let csv = machine.run(&["models", "--format", "csv"]).ok();
    assert_eq!(csv.lines().count(), 1 + all.len());
    let markdown = machine.run(&["models", "--format", "md"]).ok();
    assert!(markdown.contains("| `ollama:me/mine` |"), "{markdown}");
    let jsonl = machine.run(&["models", "--format", "jsonl"]).ok();
    let lines: Vec<Value> = jsonl.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(&lines, all);
}

#[test]
fn models_without_any_store() {
    let machine = Machine::new();
    let table = machine.run(&["models"]).ok();
    assert!(table.contains("toy") && table.contains("~/.ollama/models (not there)"), "{table}");
    assert!(table.contains("To get one"), "{table}");
    assert_eq!(machine.models()["models"].as_array().unwrap().len(), 2);

    let mut homeless = command();
    homeless.env_clear().env("OLLAMA_MODELS", machine.path("nowhere"));
    let outcome = Outcome::from(homeless.args(["models"]).output().unwrap());
    assert!(outcome.ok().contains("nowhere (not there)"));
    let mut homeless = command();
    homeless.env_clear().env("OLLAMA_MODELS", machine.path("nowhere"));
    let outcome = Outcome::from(homeless.args(["info", "hf:org/repo"]).output().unwrap());
    assert!(outcome.error().contains("any folder (HOME is not set)"));
}
