//! From requests to the core.

mod link;
mod params;
mod style;
