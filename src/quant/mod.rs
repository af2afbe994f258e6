//! One block of bytes to `f32`, for every ggml type that a file can store.
