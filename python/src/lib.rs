//! The native half of the Python package: a thin layer over the library `embcli`.
//!
//! Everything here takes plain values (lists of IDs, arrays) and returns arrays. What
//! people type (slices, texts, negative IDs) is made plain by `embcli/_model.py`.

mod arrow;
mod errors;
mod model;
mod rows;
mod work;

use pyo3::prelude::*;

#[pymodule]
mod _native {
    use super::*;

    #[pymodule_export]
    use super::arrow::Batches;
    #[pymodule_export]
    use super::model::Model;
    #[pymodule_export]
    use super::rows::norms;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        // The handler that the program has for SIGBUS would end the interpreter.
        embcli::read_without_maps();
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
