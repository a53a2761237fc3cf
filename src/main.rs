//! The binary: parses the command line, runs one command, prints the one error and sets the exit code.
fn main() {}
