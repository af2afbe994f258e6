//! What the Worker does for this module. An error is a sentence.

use wasm_bindgen::prelude::*;

#[wasm_bindgen(js_namespace = host)]
extern "C" {
    /// The number of the file with a name; negative if there is none.
    pub fn find(name: &str) -> i32;

    /// The length of a file in bytes.
    pub fn length(file: i32) -> f64;

    /// Fills `into` with the bytes from `at` on. All of them exist.
    #[wasm_bindgen(catch)]
    pub fn read(file: i32, at: f64, into: &mut [u8]) -> Result<(), JsValue>;

    /// The microseconds since some moment.
    pub fn microseconds() -> f64;

    /// Shows that `done` of `total` are done.
    pub fn progress(what: &str, done: f64, total: f64);

    /// Tells the message of a panic. The module is not called again.
    pub fn panicked(message: &str);
}
