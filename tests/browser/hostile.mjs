// Files that are no model, or a broken one: 40 of them, made from the built-in tables.
import { closeSync, ftruncateSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join, root } from "./browser.mjs";

const words = readFileSync(join(root, "fixtures/words.gguf"));
const changed = (change) => { const bytes = Buffer.from(words); return change(bytes) ?? bytes; };
const put32 = (at, value) => changed((bytes) => { bytes.writeUInt32LE(value >>> 0, at); });
const put64 = (at, value) => changed((bytes) => { bytes.writeBigUInt64LE(value, at); });
// The first place of a text, and a change from there on.
const at = (text, change) => changed((bytes) => { const place = bytes.indexOf(text); if (place < 0) throw new Error(text); change(bytes, place + text.length); });
const entry = words.indexOf("token_embd.weight") + "token_embd.weight".length;

// A header with these keys, each a name and bytes of its type and value, and no tensors.
function header(keys, tensors = 0n) {
  const number = (value) => { const bytes = Buffer.alloc(8); bytes.writeBigUInt64LE(BigInt(value)); return bytes; };
  const parts = [Buffer.from("GGUF\x03\0\0\0", "latin1"), number(tensors), number(keys.length)];
  for (const [name, value] of keys) parts.push(number(name.length), Buffer.from(name), value);
  return Buffer.concat(parts);
}
const nested = (depth) => Buffer.concat([Buffer.from([9, 0, 0, 0]), ...Array(depth).fill(Buffer.from([9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0])), Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])]);

export const files = {
  "empty.gguf": Buffer.alloc(0),
  "one-byte.gguf": Buffer.from("G"),
  "magic-only.gguf": Buffer.from("GGUF"),
  "text.gguf": Buffer.from("hello, I am no model\n"),
  "zeros.gguf": Buffer.alloc(4096),
  "picture.gguf": Buffer.from("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "latin1"),
  "zip.gguf": Buffer.from("PK\x03\x04" + "\0".repeat(60), "latin1"),
  "pickle.gguf": Buffer.from("\x80\x04\x95\0\0\0\0\0\0\0\0}.", "latin1"),
  "gzip.gguf": Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0, 0]),
  "lfs.gguf": Buffer.from("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"),
  "html.gguf": Buffer.from("<!doctype html><script>alert(1)</script>"),
  "ggjt.gguf": Buffer.from("tjgg\x03\0\0\0" + "\0".repeat(64), "latin1"),
  "big-endian.gguf": changed((bytes) => { bytes.writeUInt32BE(3, 4); }),
  "version-1.gguf": put32(4, 1),
  "version-9.gguf": put32(4, 9),
  "cut-in-counts.gguf": words.subarray(0, 20),
  "cut-in-keys.gguf": words.subarray(0, 200),
  "cut-in-tokens.gguf": words.subarray(0, 50_000),
  "cut-in-tensors.gguf": words.subarray(0, entry + 10),
  "many-tensors.gguf": put64(8, 1n << 40n),
  "all-tensors.gguf": put64(8, 0xffff_ffff_ffff_ffffn),
  "many-keys.gguf": put64(16, 1n << 40n),
  "all-keys.gguf": put64(16, 0xffff_ffff_ffff_ffffn),
  "long-key.gguf": put64(24, 1n << 62n),
  "key-past-the-end.gguf": put64(24, BigInt(words.length)),
  "type-of-a-value.gguf": at("general.architecture", (bytes, place) => bytes.writeUInt32LE(99, place)),
  "long-text.gguf": at("general.architecture", (bytes, place) => bytes.writeBigUInt64LE(1n << 63n, place + 4)),
  "long-array.gguf": at("tokenizer.ggml.tokens", (bytes, place) => bytes.writeBigUInt64LE(1n << 61n, place + 8)),
  "type-of-elements.gguf": at("tokenizer.ggml.tokens", (bytes, place) => bytes.writeUInt32LE(77, place + 4)),
  "rank-0.gguf": put32(entry, 0),
  "rank-9.gguf": put32(entry, 9),
  "no-rows.gguf": put64(entry + 12, 0n),
  "too-many-rows.gguf": put64(entry + 12, 1n << 60n),
  "too-wide.gguf": put64(entry + 4, 1n << 40n),
  "type-of-a-tensor.gguf": put32(entry + 20, 4096),
  "offset.gguf": put64(entry + 24, 0xffff_ffff_ffff_ff00n),
  "nested.gguf": header([["deep", nested(2000)]]),
  "no-table.gguf": header([]),
  "split-00001-of-00002.gguf": header([
    ["split.no", Buffer.from([2, 0, 0, 0, 0, 0])], ["split.count", Buffer.from([2, 0, 0, 0, 2, 0])], ["split.tensors.count", Buffer.from([5, 0, 0, 0, 1, 0, 0, 0])],
  ]),
  "checkpoint.safetensors": Buffer.from("\xff\xff\xff\xff\xff\xff\xff\x7f{", "latin1"),
};

// A file of 20 GB that takes no room: `parts` are bytes at places.
export function sparse(path, length, parts) {
  const file = openSync(path, "w");
  ftruncateSync(file, length);
  for (const [bytes, place] of parts) writeSync(file, bytes, 0, bytes.length, place);
  closeSync(file);
}

export function write(folder) {
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
}
