//! `jmessage-server`: see `--help`.

fn main() -> std::process::ExitCode {
    jmessage_server::main()
}
