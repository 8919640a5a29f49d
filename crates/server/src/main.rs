//! `jmessage-server`: see `--help`.

use mimalloc::MiMalloc;

/// A message is allocated on one thread and freed on another, which costs it less than it costs the C library.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> std::process::ExitCode {
    jmessage_server::main()
}
