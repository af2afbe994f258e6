//! What `embcli help COMMAND` says before the arguments: the idea, and what to
//! expect of the answer. Wrapped at 80 columns by hand.

/// A model argument, in a line.
pub(super) const MODEL: &str =
    "A GGUF file, or a model by name: toy (built in), ollama:NAME, hf:ORG/REPO, ...";

/// A model argument, in full.
pub(super) const MODEL_LONG: &str = "\
A GGUF file, or a model by name:
  toy                  a small table that is built in
  ollama:llama3.2      Ollama's: [[host/]namespace/]model[:tag]
  hf:org/repo[/file]   in the Hugging Face hub's local cache; the
                       precision will do too: hf:org/repo:Q8_0
  lmstudio:publisher/repo[/file]
                       in LM Studio's folder
  llama.cpp:file       in llama.cpp's own cache
  llama3.2             any of them, where only one is called so
What exists as a path is a path, except `toy` and what begins with a
store's name, which never are (./toy is). `embcli models` lists what
can be named. Nothing is fetched.";

/// The forms of an answer, in full.
pub(super) const FORMAT_LONG: &str = "\
How to print the answer [default: table, or what --output ends in]

In csv and tsv every cell is exact data. A cell that begins with =,
+, - or @ stays as it is: tell a spreadsheet that the column is text.
Characters that can't be seen are escapes that can be read back:
\\n, \\u{200b}, \\xE2 for a byte that is not UTF-8, \\\\ for a backslash.";

/// About `lookup`.
pub(super) const LOOKUP: &str = "\
Token IDs to rows: the matrix a model starts from.

A token ID is a label: 791 is no nearer to 792 than to 2368. The first thing
that a model does with it is to take row 791 of a table of n_vocab rows and
d_model columns. That row was learned; it is looked up, not computed. n tokens
make a matrix [n, d_model], and everything the model does starts from there.

lookup shows these steps for the tokens you name: the IDs, the table they index,
the bytes that are read, and the rows, decoded exactly as ggml decodes them. The
same ID twice is the same row twice. With --text it begins one step earlier, with
a text, which the model's own tokenizer makes into tokens as llama.cpp does.";

/// About `neighbors`.
pub(super) const NEIGHBORS: &str = "\
The rows nearest to a token's row, over the whole table.

Training moves the rows of tokens that are used alike towards each other, so a
row's neighbours say what the model takes a token for. They are found by brute
force: the query is compared with every row, so the answer is exact, and it is
the same whatever the number of threads. Cosine compares directions, dot product
directions and lengths, and l2 is the distance between the two points.

--as-input compares the rows as the first block receives them, query and
candidates alike, all at one position. Multiplying every row by one number, as
Gemma does, changes no cosine and no ranking, which is then said; positions and
norms do.

In the toy only the cat, the dog and the semicolon mean something; a model of
your own shows more.";

/// About `footprint`.
pub(super) const FOOTPRINT: &str = "\
What a table costs at each precision of ggml: n_vocab times d_model values as
F32, BF16, Q8_0, Q4_K, and so on.

The table's cost is one of storing: all of it has to be somewhere, though a token
reads one row of it. In a small model it can be most of the file, which is why
many use it twice, as the output head too. Give a model (its own precision and
its part of the file are shown too), a shape, or a well-known model's name.";

/// About `tokens`.
pub(super) const TOKENS: &str = "\
The vocabulary: every token, those that match, or those of a text.

A token is whatever the tokenizer made one: a word, a piece of one, a word with
the space before it, a byte, a sign that steers the model. ' cat' and 'cat' are
two tokens with two rows. The list is in the order of the IDs, which for most
vocabularies is about that of frequency, and comes as it is read.

With --text, the tokens of a text instead: what the model's own tokenizer makes
of it, the same IDs that llama.cpp gives.";

/// About `info`.
pub(super) const INFO: &str = "\
What a file is and has, on one screen: name, architecture, parameters, what it
is quantised to, its embedding table and its part of the file, whether the
output head is tied to it, the tokenizer and its special tokens, and whatever is
odd.

Only the header is read, whatever the size of the file.";

/// About `tour`.
pub(super) const TOUR: &str = "\
Ten steps through one table: what embeddings are, measured.

Each step is a claim, a computation on the table in front of you, and what it
shows: that IDs are labels, that a lookup is the product with a one-hot vector,
why neither one-hot nor random vectors do, what a learned table knows, what it
costs, and what comes after it. A step that a table can't show says so.";

/// About `check`.
pub(super) const CHECK: &str = "\
Whether a table is what its vocabulary says it is.

When a conversion or a merge puts rows in the wrong order, every number still
looks fine. But a learned table keeps the spellings of a word near each other
('cat', ' cat', ' Cat'): so it shows whether rows are still those of their
tokens, from which ID on they are not, and at which offset they are. A table that
never learned anything can't be judged. Rows and tokens are counted, too, and
NaN, zeros, copies and needless width are looked for.

With OTHER, two tables of one model are compared, token by token: they are
matched by the text of their tokens. `added` are those that only the first has.";

/// About `models`.
pub(super) const MODELS: &str = "\
The models that can be named: those of Ollama, of the Hugging Face hub's cache,
of LM Studio and of llama.cpp's cache, as far as they are on this machine.

Each is shown by the name that any command takes for it, with its size, its
architecture, the shape of its embedding table and what that is stored as. Of
each file the header is read and nothing else; nothing is fetched. A model that
can't be read, or whose store says something that is refused, is listed with the
reason. Stores are looked for where their programs keep them: OLLAMA_MODELS,
HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME and LLAMA_CACHE say so, LM Studio's own
pointer file does, and else it is the usual folder of each.";
