//! `footprint`: what llama-quantize makes of a table, which depends on the output head.

use serde_json::{Value, json};

use crate::support::run::embcli;
use crate::support::{F32, Gguf, f32_bytes};

/// A file with two rows of `width` values, and a head of its own or not.
fn table(architecture: &str, width: u64, has_head: bool) -> Gguf {
    let data = || f32_bytes(&vec![0.0; 2 * width as usize]);
    let file = Gguf::new().kv("general.architecture", architecture).table(F32, width, 2, data());
    if has_head { file.tensor("output.weight", &[width, 2], F32, data()) } else { file }
}

fn footprint(file: Gguf, more: &[&str]) -> (Value, String) {
    let file = file.write();
    let args = [&["footprint", file.path().to_str().unwrap()], more].concat();
    let answer = embcli([&args[..], &["--format=json"]].concat()).json();
    let page = embcli(&args).ok();
    assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
    (answer, page)
}

/// The type that a preset gives.
#[track_caller]
fn by(answer: &Value, preset: &str) -> Value {
    let presets = answer["presets"].as_array().unwrap();
    presets.iter().find(|it| it["preset"] == preset).unwrap()["type"].clone()
}

#[test]
fn a_tied_table_gets_the_type_of_the_output() {
    let (answer, page) = footprint(table("llama", 576, false), &[]);
    assert_eq!(answer["output_head"], "tied");
    assert!(answer["presets"].as_array().unwrap().iter().all(|it| it["is_output"] == true));
    for preset in ["Q4_K_M", "Q2_K", "IQ1_S", "Q8_0", "TQ1_0"] {
        assert_eq!(by(&answer, preset), "Q8_0", "{preset}");
    }
    assert!(page.contains("Q8_0    1,224 bytes: every preset but F32, F16, BF16"), "{page}");
    assert!(page.contains("aborts if --token-embedding-type names one of them"), "{page}");
    assert!(!page.contains("instead"), "{page}");

    let (answer, _) = footprint(table("llama", 512, false), &[]);
    assert_eq!(by(&answer, "Q4_K_M"), "Q6_K");
    assert_eq!(by(&answer, "IQ2_XXS"), "Q5_K");
    let (answer, _) = footprint(table("falcon", 512, false), &[]);
    assert_eq!(by(&answer, "Q4_K_M"), "Q8_0");
}

#[test]
fn one_preset_is_told_alone() {
    let (answer, page) = footprint(table("llama", 576, false), &["--preset", "q4_k_m,F16"]);
    let told: Vec<&Value> =
        answer["presets"].as_array().unwrap().iter().map(|it| &it["preset"]).collect();
    assert_eq!(told, ["F16", "Q4_K_M"]);
    assert!(page.contains("Q8_0    1,224 bytes: Q4_K_M"), "{page}");
    assert!(page.contains("F16     2,304 bytes: F16"), "{page}");
    let wrong = embcli(["footprint", "toy", "--preset", "Q4_K_N"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr.contains("did you mean Q4_K_M?"), "{}", wrong.stderr);
}

#[test]
fn a_table_beside_a_head_gets_the_type_of_the_preset() {
    let (answer, page) = footprint(table("llama", 576, true), &[]);
    assert_eq!(
        (&answer["output_head"], by(&answer, "Q4_K_M")),
        (&json!("separate"), json!("Q5_0"))
    );
    assert!(page.contains("llama-quantize writes Q5_0 instead"), "{page}");
    let (answer, _) = footprint(table("llama", 512, true), &[]);
    assert_eq!((by(&answer, "Q4_K_M"), by(&answer, "IQ1_M")), (json!("Q4_K"), json!("Q2_K")));
    let (answer, page) = footprint(table("llama", 512, true), &["--tensor=output.weight"]);
    assert_eq!(by(&answer, "Q4_K_M"), "Q6_K");
    assert!(page.contains("makes of the head, by preset"), "{page}");
}

#[test]
fn an_encoder_has_no_head() {
    let (answer, page) = footprint(table("bert", 384, false), &[]);
    assert_eq!(
        (&answer["output_head"], &answer["actual"]["tied"]),
        (&json!("none"), &json!(false))
    );
    assert!(page.contains("output head: none, an encoder") && !page.contains("tied"), "{page}");
    assert_eq!(by(&answer, "Q4_K_M"), "Q8_0");
}

#[test]
fn a_known_table_says_where_its_head_is() {
    let page = embcli(["footprint", "--like", "llama3-8b"]).ok();
    assert!(page.contains("output head: a second table of this size"), "{page}");
    let page = embcli(["footprint", "--like", "gemma3-1b"]).ok();
    assert!(page.contains("output head: tied"), "{page}");
    let page = embcli(["footprint", "--like", "gpt2,llama3-8b,bert-base"]).ok();
    let heads = page.lines().find(|line| line.contains("(head)")).unwrap();
    let heads: Vec<_> = heads.split_whitespace().collect();
    assert_eq!(heads, ["(head)", "tied", "as", "large", "none"], "{page}");
}

#[test]
fn a_table_of_positions_is_never_quantised() {
    let file = table("bert", 64, false).tensor("position_embd.weight", &[64, 2], F32, vec![0; 512]);
    let (answer, _) = footprint(file, &["--tensor=position_embd.weight"]);
    assert_eq!(answer["presets"], json!([]));
}
