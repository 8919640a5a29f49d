//! The SDK in the page: `JMessage` on top of [`jmessage_client`].
//!
//! Owns what touches the browser below the page: option bags, the socket, the timer, the signer's request. Every
//! decision is made by the state machine in `jmessage-client`; callbacks, listeners and uploads are the business of the
//! face in `pkg/src`. Must never know anything of the server but its address and its wire.

mod driver;
mod frame;
mod options;
mod page;
mod sdk;
mod server;
mod signer;
mod socket;

pub use sdk::Sdk;

/// Smaller than the standard allocator by 2 kB of download.
#[cfg(all(target_family = "wasm", not(target_feature = "atomics")))]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
