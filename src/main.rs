//! Token embeddings under the microscope.

mod early;

fn main() -> std::process::ExitCode {
    embcli::program::main()
}
