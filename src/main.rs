//! Token embeddings under the microscope.

fn main() -> std::process::ExitCode {
    embcli::program::main()
}
