//! A GGUF file as an index of spans.
