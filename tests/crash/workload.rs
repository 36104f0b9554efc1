//! The load on a server: clients that share their secrets, and a book of all that they asked. Nothing
//! is asked that is not in the book before it is sent.

mod book;
mod client;
mod secret;
mod wire;

pub(crate) use book::Book;
pub(crate) use client::Client;
pub(crate) use wire::Wire;
