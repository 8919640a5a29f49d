//! WebIM (nextalk): pages and sites that speak the protocol of seed 000 or, of 2010, of seed 001.

#[cfg_attr(not(test), expect(dead_code, reason = "the calls that use it come next"))]
mod answer;
#[cfg_attr(not(test), expect(dead_code, reason = "the calls that use it come next"))]
mod inbound;
#[cfg_attr(not(test), expect(dead_code, unused_imports, reason = "the calls that use it come next"))]
mod wire;
