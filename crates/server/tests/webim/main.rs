//! What a page of WebIM can rely on: every row of the two published documents, then conversations, deliveries and attacks, with
//! requests as the JavaScript library makes them.

#[macro_use]
mod rows;
mod conversations;
mod delivery;
mod documents;
mod doors;
mod malformed;
mod newer;
mod page;
mod pages;
mod seed_000;
mod seed_001;
mod site;
mod socket;
mod strangers;
mod v5;
