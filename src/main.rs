//! Token embeddings under the microscope.
fn main() {}
