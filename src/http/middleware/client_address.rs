//! The client of a request: the connection's peer, or the address that a trusted proxy names.
//!
//! `X-Forwarded-For` is read, `Forwarded` (RFC 7239) is not: few proxies write it. A proxy that does not
//! write it passes the client's own header on, so a client could forge its address with it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, X_FORWARDED_FOR};
use ipnet::IpNet;

use super::rate_limit::clients::Client;

/// The client of `request`, if `proxies` are the trusted ones.
pub(crate) fn of(request: &HttpRequest, proxies: &[IpNet]) -> Client {
    let peer = request.peer_addr().map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.ip());
    address(peer.to_canonical(), request.headers(), proxies).into()
}

fn address(peer: IpAddr, headers: &HeaderMap, proxies: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| proxies.iter().any(|network| network.contains(&address));
    if !is_trusted(peer) {
        return peer;
    }
    let lines = headers.get_all(X_FORWARDED_FOR);
    let named = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b',').map(parse));
    // The last entry that is not a trusted proxy. If it is no address, the peer counts.
    let last =
        named.fold(None, |last, named| if named.is_some_and(is_trusted) { last } else { named });
    last.unwrap_or(peer)
}

/// Parses an address with or without a port, because some proxies add one.
fn parse(text: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(text).ok()?.trim_matches([' ', '\t']);
    let address = text.parse().or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()));
    address.ok().map(|address| address.to_canonical())
}
