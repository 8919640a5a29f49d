//! What a client of the native wire can rely on, told as conversations with a server on a port of its own.

#[cfg(feature = "s3")]
mod bucket;
mod busy;
mod codes;
mod configuring;
mod conversation;
mod crowd;
mod events;
mod frames;
mod groups;
mod house;
mod huge;
mod media;
mod offline;
mod people;
mod permissions;
mod process;
mod profiles;
mod retention;
mod sending;
mod sessions;
