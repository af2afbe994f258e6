//! `general.file_type`: the type that the file's writer chose for most tensors.
//!
//! The numbers are those of `enum llama_ftype` in llama.cpp's `include/llama.h`
//! (gguf-py: `LlamaFileType`), not those of tensor types: 7 here is mostly Q8_0,
//! but 7 as the type of a tensor is Q5_1.

#[rustfmt::skip]
const NAMES: &[(u64, &str)] = &[
    ( 0, "all F32"),
    ( 1, "mostly F16"),
    ( 2, "mostly Q4_0"),
    ( 3, "mostly Q4_1"),
    ( 4, "mostly Q4_1, some F16 (removed)"),
    ( 5, "mostly Q4_2 (removed)"),
    ( 6, "mostly Q4_3 (removed)"),
    ( 7, "mostly Q8_0"),
    ( 8, "mostly Q5_0"),
    ( 9, "mostly Q5_1"),
    (10, "mostly Q2_K"),
    (11, "mostly Q3_K_S"),
    (12, "mostly Q3_K_M"),
    (13, "mostly Q3_K_L"),
    (14, "mostly Q4_K_S"),
    (15, "mostly Q4_K_M"),
    (16, "mostly Q5_K_S"),
    (17, "mostly Q5_K_M"),
    (18, "mostly Q6_K"),
    (19, "mostly IQ2_XXS"),
    (20, "mostly IQ2_XS"),
    (21, "mostly Q2_K_S"),
    (22, "mostly IQ3_XS"),
    (23, "mostly IQ3_XXS"),
    (24, "mostly IQ1_S"),
    (25, "mostly IQ4_NL"),
    (26, "mostly IQ3_S"),
    (27, "mostly IQ3_M"),
    (28, "mostly IQ2_S"),
    (29, "mostly IQ2_M"),
    (30, "mostly IQ4_XS"),
    (31, "mostly IQ1_M"),
    (32, "mostly BF16"),
    (33, "mostly Q4_0_4_4 (removed)"),
    (34, "mostly Q4_0_4_8 (removed)"),
    (35, "mostly Q4_0_8_8 (removed)"),
    (36, "mostly TQ1_0"),
    (37, "mostly TQ2_0"),
    (38, "mostly MXFP4 (mixture of experts)"),
    (39, "mostly NVFP4"),
    (40, "mostly Q1_0"),
    (41, "mostly Q2_0"),
    (1024, "guessed, not said"),
];

/// The meaning of a number of `general.file_type`; `None` if it is unknown.
pub fn file_type_name(id: u64) -> Option<&'static str> {
    NAMES.iter().find(|entry| entry.0 == id).map(|entry| entry.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_types_are_not_tensor_types() {
        assert_eq!(file_type_name(7), Some("mostly Q8_0"));
        assert_eq!(file_type_name(15), Some("mostly Q4_K_M"));
        assert_eq!(file_type_name(18), Some("mostly Q6_K"));
        assert_eq!(file_type_name(999), None);
        assert!(NAMES.is_sorted_by_key(|entry| entry.0));
    }
}
