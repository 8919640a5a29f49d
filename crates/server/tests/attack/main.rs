//! A real server process under real client machines, with everything around it going wrong; afterwards the judge of
//! histories reads what every page saw and what is stored.

mod disk;
mod kills;
mod small;
mod stage;
mod storms;
