//! Pages on the real client machine over real sockets, and a network between them and a server that misbehaves.

mod page;
mod proxy;
mod wire;

pub use page::{Page, Scene};
pub use proxy::{Ending, Habits, Proxy};
