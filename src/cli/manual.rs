//! The text of `embcli help COMMAND` before the arguments: the idea and the
//! answer. Lines are wrapped at 80 columns by hand.

/// The help of a model argument, in one line.
pub(super) const MODEL: &str =
    "A GGUF file, or a model by name: toy (built in), ollama:NAME, hf:ORG/REPO, https://...";

pub(super) const MODEL_LONG: &str = "\
A GGUF file, or a model by name:
  toy                  a small built-in table, made up: four values a row
  words                another one: 4,000 words with rows of a real model
  ollama:llama3.2      in Ollama: [[host/]namespace/]model[:tag]
  hf:org/repo[/file]   in the Hugging Face hub's local cache; or by
                       precision: hf:org/repo:Q8_0
  lmstudio:publisher/repo[/file]
                       in LM Studio's folder
  llama.cpp:file       in llama.cpp's own cache
  llama3.2             in any store, if only one model has this name
  https://.../m.gguf   on a server: only the header and the rows are fetched
  hf://org/repo[@revision][/file]
                       on the Hugging Face hub, the same way; or by
                       precision: hf://org/repo:Q8_0
`toy`, `words` and names that begin with a store's name are never paths (write
./toy for a file). Any other name is a path if the file exists.
`embcli models` lists the names of this machine.";

pub(super) const FORMAT_LONG: &str = "\
How to print the answer [default: table, or the extension of --output]

In csv and tsv every cell is exact data. A cell that begins with =,
+, - or @ stays as it is: tell a spreadsheet that the column is text.
Invisible characters are written as escapes that can be read back:
\\n, \\u{200b}, \\xE2 for a byte that is not UTF-8, \\\\ for a backslash.";

pub(super) const LOOKUP: &str = "\
Token IDs to rows: the matrix a model starts from.

A token ID is a label: 791 is no nearer to 792 than to 2368. A model first takes
row 791 of a table of n_vocab rows and d_model columns. The row was learned; it
is looked up, not computed. n tokens make a matrix [n, d_model], from which the
model computes everything else.

lookup shows these steps for the tokens you name: the IDs, the table they index,
the bytes that are read, and the rows, decoded exactly as ggml decodes them. The
same ID twice is the same row twice. With --text it starts one step earlier: the
model's own tokenizer turns a text into tokens, as llama.cpp does.";

pub(super) const NEIGHBORS: &str = "\
The rows nearest to a token's row, over the whole table.

Training moves the rows of tokens that are used alike towards each other, so a
row's neighbours show what the model takes a token for. The search is brute
force: it compares the query with every row, so the answer is exact and does not
depend on the number of threads. Cosine compares directions, the dot product
compares directions and lengths, and l2 is the distance between two points.

--as-input compares the rows as the first block receives them: the query and all
candidates, at one position. A common factor for all rows, as in Gemma, changes
no cosine and no ranking, and a note says so. Positions and norms can change
both.

--plus and --minus add other tokens' rows to the query, under cosine with every row
at length 1: ' king' --minus ' man' --plus ' woman'. --vector takes the queries from a
file of NumPy. --words-only, --no-variants and --script leave out candidates. --centre
subtracts the mean row from every row; --whiten also divides each principal coordinate
by the square root of its standard deviation, so that few directions do not decide
alone. Both read the table once more.

The last line is what two tokens at random have in this table, the mean of 500
pairs. A score says something only beside it: in some tables it is 0.87.

In the toy only the cat, the dog and the semicolon have meaningful rows; a real
model shows more.";

pub(super) const SIMILARITY: &str = "\
How near tokens are to each other.

Of two tokens, similarity prints one number, and how many pairs of tokens at random
are not as near: a cosine of 0.4 is much in one table and nothing in another. Of
more tokens it prints the matrix, the closest pair, and the odd one out: the token
with the least mean similarity to the others.

--centre subtracts the mean row from every row first. In a table whose rows lean
one way, the mean row is a large part of every cosine. --whiten also evens out the
principal directions, by half. Both read the whole table once.";

pub(super) const ANALOGY: &str = "\
A is to B as C is to what? As in: man is to king as woman is to queen.

In a learned table some relations are nearly the same step everywhere: from a
country to its capital, from a word to its plural. So B - A + C is near the token
that answers the question. analogy ranks the whole table by the cosine with this
sum of unit rows (3CosAdd), or by 3CosMul. The last line is the nearest to C alone:
an answer is worth something only if C alone does not give it.

--centre and --whiten move the rows first, which helps most in tables whose rows
lean one way. --test answers a file of questions, and prints how many are right by
section, beside the baseline of C alone.";

pub(super) const STATS: &str = "\
The shape of a table: how long its rows are, where they lie, and which
directions they use.

Rows are points around a mean row. If the mean is long, any two rows have a large
cosine, and a cosine says little by itself. stats gives the norms; the mean row;
the mean cosine of all pairs of rows, and what is left of it when the mean row is
subtracted; two measures of isotropy; the spectrum, which says in how many of the
d_model directions the rows spread; dimensions whose mean or spread is 6 standard
deviations from those of the others; rows that are equal; and whether norms depend
on the ID.

Isotropy is Mu and Viswanath's ratio (All-but-the-top, 2018) over the eigenvectors
of the Gram matrix, and IsoScore (Rudman and others, 2022). Participation is the
participation ratio of the energies, rank the effective rank (Roy and Vetterli,
2007); 50 %, 90 % and 99 % are how many dimensions have this share of the energy.";

pub(super) const EXPORT: &str = "\
Rows, or the neighbours of rows, in the files that other tools load as they are.

Without IDs it writes the whole table. The extension of the file gives the form:

  .npy           float32, [rows, d_model], for numpy.load. Line i of rows.jsonl,
                 which is written beside it, has ID, token, type and norm of row i.
  .safetensors   one tensor, F32, F16 or BF16 (--dtype), with rows.jsonl beside it
                 too. The metadata says where the rows come from.
  .parquet       a row a token: id, token, type, norm, embedding (a list of
                 floats). For DuckDB, pandas, polars, Spark, ClickHouse, ...

--neighbors N writes edges: each row with each of its N nearest rows, as .parquet, .csv,
.tsv or .jsonl. --atlas writes the rows as above, the places x and y of `map`, and a
column `neighbors` with the lists:
  embedding-atlas atlas.parquet --x x --y y --neighbors neighbors --text token

Values are the decoded rows, bit for bit, in all forms but F16 and BF16.";

pub(super) const MAP: &str = "\
The vocabulary as a map: every token a point, near points for rows that are near.

A table has hundreds of dimensions, and no plane can show them all. map looks for the
exact nearest rows of every row, lays the points out so that these stay together
(t-SNE), measures how many of them did, and writes this share on the map. With
--method pca the axes are the two directions in which rows vary most: that is done at
once, and keeps nearly no neighbours (--neighbors 10 looks for them too). The same
table gives the same map on every run and for any --threads. What lies far apart on
the map says little.

-o map.html is a page for a browser: one file that loads nothing. Search for a token,
click it, and lines lead to its true nearest rows, wherever the map has put them. -o
map.svg and -o map.png are pictures; letters of a PNG are Latin, Greek and Cyrillic,
and a token with other letters is named by its ID. csv and json have the places, and
json has the nearest rows. Without -o, a terminal shows the map in dots.

Without MODEL, the map is of the built-in words. With TOKENS, only these are laid out,
by the nearest rows among them.";

pub(super) const FOOTPRINT: &str = "\
The size of a table at each precision of ggml: n_vocab times d_model values as
F32, BF16, Q8_0, Q4_K, and so on.

The cost is storage: the whole table must be kept, although a token reads only
one row. In a small model the table can be most of the file, so many models use
it as the output head too. Give a model (this also shows its precision and the
table's share of the file), a shape, or the name of a well-known model.

Below the types is what llama-quantize makes of the table for each of its
presets, such as Q4_K_M. It treats a table that is the output head too as the
output, which gets more bits.";

pub(super) const TOKENS: &str = "\
The vocabulary: every token, those that match, or those of a text.

A token can be a word, a part of a word, a word with the space before it, a
byte, or a sign that controls the model. ' cat' and 'cat' are two tokens with
two rows. The list is in the order of the IDs, which in most vocabularies is
roughly the order of frequency. It is printed while it is read.

With --text, tokens prints the tokens of a text instead. The model's own
tokenizer encodes it and gives the same IDs as llama.cpp. With --ids, it prints
the text that IDs make, and whether that text gives these IDs again.";

pub(super) const INFO: &str = "\
What a file contains, on one screen: name, architecture, parameters, types, the
embedding table and its share of the file, whether the output head is tied to
it, the tokenizer, what it adds to a text, its tokens by type, its special
tokens, and oddities.

info reads only the header, however large the file is.";

pub(super) const TOUR: &str = "\
Ten steps through one table: what embeddings are, measured.

Each step is a claim, a computation on the table in front of you, and what it
shows: that IDs are labels, that a lookup is the product with a one-hot vector,
why one-hot and random vectors are not enough, what a learned table knows, what
it costs, and what comes after it. If a table can't show a step, the step says
so.";

pub(super) const CHECK: &str = "\
Checks that a table fits its vocabulary.

When a conversion or a merge puts rows in the wrong order, every number still
looks fine. But in a learned table a row shows how its token is spelled. check
uses this to find rows that do not belong to their tokens, from which ID on, and
by which offset they are off. It can't judge a table that never learned
anything. It also counts rows and tokens, looks for NaN, zeros, duplicates, rows
far outside and collapsed ones, compares an output head with the table, names
tokens that no text gives, and tells what llama.cpp will do with the vocabulary.
Of a file that has only a vocabulary, it checks that.

With OTHER, it compares two files of one model token by token: rows, texts,
types, scores, special tokens. Each finding has a code; docs/check.md lists
them, and --allow takes one out of the verdict.";

pub(super) const MODELS: &str = "\
The models on this machine: in Ollama, the Hugging Face hub's cache, LM Studio
and llama.cpp's cache.

Each line has the name that every command accepts, the size, the architecture,
and the shape and type of the embedding table. models reads only the header of
each file and downloads nothing. If a model can't be read or embcli refuses it,
its line gives the reason. embcli finds the stores through OLLAMA_MODELS,
HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME, LLAMA_CACHE and LM Studio's own pointer
file; otherwise it uses the usual folder of each.";
