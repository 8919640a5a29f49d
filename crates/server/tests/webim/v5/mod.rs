//! Sites that use this server as their packet server, without a change of their own code.

mod calls;
mod clients;
mod conversations;
mod doors;
mod pages;
mod rooms;
mod site;
