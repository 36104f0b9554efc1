//! The load on a server: clients that share their secrets, and a recorder of all their requests. Each
//! request is recorded before it is sent.

mod client;
mod recorder;
mod secret;
mod wire;

pub(crate) use client::Client;
pub(crate) use recorder::Recorder;
pub(crate) use wire::Wire;
