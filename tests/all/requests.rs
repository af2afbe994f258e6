//! Counts the requests and bytes that a model needs. The counting source works like a
//! network: it returns owned bytes, and never more than the request asks for.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use embcli::embedding::{TOKEN_EMBEDDING, Table};
use embcli::gguf::{Array, Gguf as File};
use embcli::model::Model;
use embcli::rows::Rows;
use embcli::source::{MappedFile, Source};
use embcli::tokenizer::{Options, Tokenizer};
use embcli::vocab::Vocab;

use crate::support::{self, F32, Gguf, damage, f32_bytes};

/// A request may ask for at most this many bytes.
const PIECE: u64 = 4 << 20;

/// The requested ranges, in order.
type Asked = Arc<Mutex<Vec<Range<u64>>>>;

/// A source that returns copies and records every request.
struct Counting<S> {
    inner: S,
    asked: Asked,
}

impl<S: Source> Source for Counting<S> {
    fn len(&self) -> u64 {
        self.inner.len()
    }

    fn window(&self, at: u64, want: usize) -> io::Result<Cow<'_, [u8]>> {
        let all = self.inner.window(at, want)?;
        let given = all[..want.min(all.len())].to_vec();
        self.asked.lock().unwrap().push(at..at + given.len() as u64);
        Ok(Cow::Owned(given))
    }
}

/// Opens a model and reads three rows with their token texts. Asserts that this reads
/// the header once plus the rows. Then makes a tokenizer and reads the vocabulary.
/// Asserts that this reads nothing twice.
fn within_its_price(source: impl Source + 'static, ids: [u64; 3], text: &str) {
    let asked = Asked::default();
    let counting = Counting { inner: source, asked: Arc::clone(&asked) };
    let file = File::new(Box::new(counting)).unwrap();
    let header = file.header_len();
    let model = Model::from(file);
    let table = Table::open(&model, TOKEN_EMBEDDING).unwrap();
    let vocab = Vocab::open(&model).unwrap();
    let (mut rows, row_bytes) = (Vec::new(), table.row_bytes() as u64);
    for id in ids {
        table.row(id).unwrap();
        vocab.token(id).unwrap().unwrap();
        let start = table.offset() + id * row_bytes;
        rows.push(start..start + row_bytes);
    }

    let requests = asked.lock().unwrap().clone();
    let walk = &requests[..requests.len() - rows.len()];
    assert_eq!(requests[walk.len()..], rows, "only the bytes of the rows");
    let mut end = 0;
    for range in walk {
        assert_eq!(range.start, end, "each piece starts where the last one ends: {walk:?}");
        assert!(range.end - range.start <= PIECE, "{walk:?}");
        end = range.end;
    }
    assert!(end >= header, "{end} of {header} bytes");
    let read: u64 = requests.iter().map(|range| range.end - range.start).sum();
    let needed = header + 3 * row_bytes;
    assert!(read * 10 <= needed * 11, "{read} bytes were read, {needed} needed: {requests:?}");
    println!("{read} bytes by {} requests, {needed} needed", requests.len());
    assert!(requests.len() <= 12, "{} requests: {requests:?}", requests.len());

    // All of this is in the header, which is already in memory.
    let tokenizer = Tokenizer::open(&model).unwrap();
    tokenizer.encode(text.as_bytes(), Options::default()).unwrap();
    vocab.check().unwrap();
    vocab.scores().unwrap();
    vocab.merge_ranks().unwrap();
    vocab.token_type(vocab.len() - 1).unwrap();
    assert_eq!(asked.lock().unwrap().len(), requests.len(), "no byte is read twice");
}

/// A file with `n` tokens and 200 small tensors. `len` gives the length of each token.
fn file(model: &str, n: u32, len: impl Fn(u32) -> usize) -> Gguf {
    let tokens: Vec<String> = (0..n).map(|i| format!("{i:0len$}", len = len(i).max(1))).collect();
    let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
    let table = f32_bytes(&vec![0.5; 4 * n as usize]);
    let file = Gguf::new()
        .kv("general.architecture", "llama")
        .kv("llama.block_count", 24_u32)
        .vocab(model, &tokens)
        .kv("tokenizer.ggml.add_space_prefix", false)
        .kv("tokenizer.ggml.token_type", vec![1_i32; n as usize])
        .table(F32, 4, n.into(), table);
    (0..200).fold(file, |file, i| file.tensor(format!("blk.{i}.attn_q.weight"), &[4], F32, [0; 16]))
}

#[test]
fn a_header_is_read_once_and_in_few_requests() {
    let (n, text) = (30_000, "12345");
    let with_scores = |file: Gguf| file.kv("tokenizer.ggml.scores", vec![-1_f32; n as usize]);
    let with_merges = |file: Gguf| {
        let merges: Vec<String> = (0..n).map(|i| format!("{} {}", i / 7, i % 7)).collect();
        let merges: Vec<&str> = merges.iter().map(String::as_str).collect();
        file.kv("tokenizer.ggml.merges", merges)
    };
    let files = [
        with_scores(file("llama", n, |i| 1 + i as usize / 2000)),
        with_merges(file("gpt2", n, |_| 6)),
        // The first tokens are much longer or much shorter than the others.
        with_merges(file("gpt2", n, |i| if i < 1000 { 40 } else { 3 })),
        with_merges(file("gpt2", n, |i| if i < 1000 { 1 } else { 20 })),
        // The header ends with the tokens.
        file("gpt2", n, |i| (i as usize * 7919) % 40)
            .kv("tokenizer.ggml.merges", Vec::<&str>::new()),
    ];
    for file in files {
        within_its_price(file.build(), [7, 12_345, 29_999], text);
    }
}

#[test]
fn a_small_file_needs_one_request_for_its_whole_header() {
    let asked = Asked::default();
    let bytes = Gguf::new().vocab("llama", &["a", "b"]).table(F32, 2, 2, [0; 16]).build();
    let len = bytes.len() as u64;
    let counting = Counting { inner: bytes, asked: Arc::clone(&asked) };
    let file = File::new(Box::new(counting)).unwrap();
    assert_eq!(file.tensors().count(), 1);
    let asked = asked.lock().unwrap();
    assert_eq!((asked.len(), asked[0].clone()), (1, 0..len));
}

#[test]
#[ignore = "needs the real model: scripts/fetch-real-model.sh"]
fn three_rows_of_the_real_model_need_its_header_and_2040_bytes() {
    let mapped = MappedFile::open(&support::real_model()).unwrap();
    within_its_price(mapped, [791, 2368, 3290], "The cat sat on the mat.");
}

/// What can be read of a file, or why nothing can.
fn all_of(source: Box<dyn Source>) -> Result<String, String> {
    let file = File::new(source).map_err(|error| error.to_string())?;
    let mut all = format!("{} {} {file:?}\n", file.header_len(), file.alignment());
    for entry in file.entries() {
        let entry = entry.map_err(|error| error.to_string())?;
        writeln!(all, "{:?} {:?} {:?}", entry.key, entry.span, file.decode(&entry)).unwrap();
        if let Ok(Array::Strings(strings)) = file.array_of(&entry) {
            let (first, last) = (strings.get(0), strings.get(strings.len().saturating_sub(1)));
            writeln!(all, "{} {first:?} {last:?} {:?}", strings.len(), strings.check()).unwrap();
        }
    }
    for tensor in file.tensors() {
        writeln!(all, "{tensor:?}").unwrap();
    }
    Ok(all)
}

/// Whether bytes are borrowed or fetched makes no difference but in what it costs.
#[test]
fn what_is_fetched_is_what_is_borrowed() {
    let large = file("gpt2", 6000, |i| (i as usize * 7919) % 40);
    let mut files = damage::files();
    files.push(large.kv("tokenizer.ggml.merges", vec!["a b"; 3000]).build());
    let whole = (0..files.len() as u64).map(|i| files[i as usize].clone());
    let damaged = (0..3000).map(|seed| damage::damaged(seed, &files));
    let mut readable = 0;
    for (i, bytes) in whole.chain(damaged).enumerate() {
        let asked = Asked::default();
        let counting = Counting { inner: bytes.clone(), asked: Arc::clone(&asked) };
        let fetched = all_of(Box::new(counting));
        assert_eq!(fetched, all_of(Box::new(bytes)), "file {i}");
        readable += usize::from(fetched.is_ok());
        let mut end = 0;
        for range in &*asked.lock().unwrap() {
            assert!(range.start >= end, "file {i} reads bytes twice");
            end = range.end;
        }
    }
    assert!((500..2800).contains(&readable), "{readable}");
}
