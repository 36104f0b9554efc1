//! Whose request it is: the connection's peer, or whom a proxy that is trusted names.
//!
//! `X-Forwarded-For` is read and `Forwarded` (RFC 7239) is not: proxies that write the latter are
//! rare, and one that passes on a header it does not write has whoever sends it choose who they are.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, X_FORWARDED_FOR};
use ipnet::IpNet;

use crate::rate::Client;

/// The client of `request`, where `proxies` are trusted.
pub(super) fn of(request: &HttpRequest, proxies: &[IpNet]) -> Client {
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
    // The last that no trusted proxy has: where that is no address, nobody is named.
    let last =
        named.fold(None, |last, named| if named.is_some_and(is_trusted) { last } else { named });
    last.unwrap_or(peer)
}

/// An address, with or without a port, as some proxies add.
fn parse(text: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(text).ok()?.trim_matches([' ', '\t']);
    let address = text.parse().or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()));
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    const PROXY: &str = "10.0.0.1";

    /// The client of a request from `peer` with these lines, where two networks are trusted.
    fn client(peer: &str, lines: &[&str]) -> String {
        let lines: Vec<_> = lines.iter().map(|line| line.as_bytes()).collect();
        client_of_bytes(peer, &lines)
    }

    fn client_of_bytes(peer: &str, lines: &[&[u8]]) -> String {
        let proxies = ["10.0.0.0/8", "2001:db8::/32"].map(|network| network.parse().unwrap());
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(X_FORWARDED_FOR, HeaderValue::from_bytes(line).unwrap());
        }
        let peer = peer.parse::<IpAddr>().unwrap().to_canonical();
        address(peer, &headers, &proxies).to_string()
    }

    #[test]
    fn the_client_is_the_last_that_is_no_trusted_proxy() {
        let cases: [(&[&str], &str); 9] = [
            (&["192.0.2.1"], "192.0.2.1"),
            (&["198.51.100.7, 192.0.2.1"], "192.0.2.1"),
            (&["198.51.100.7,192.0.2.1, 10.9.9.9 ,\t10.0.0.2"], "192.0.2.1"),
            (&["198.51.100.7", "192.0.2.1, 2001:db8::7"], "192.0.2.1"),
            (&["192.0.2.1", "10.0.0.2"], "192.0.2.1"),
            (&["::ffff:192.0.2.1, ::ffff:10.0.0.3"], "192.0.2.1"),
            (&["2001:db9::5"], "2001:db9::5"),
            (&["192.0.2.1:4711, 10.0.0.2:80"], "192.0.2.1"),
            (&["[2001:db9::5]:4711"], "2001:db9::5"),
        ];
        for (lines, expected) in cases {
            assert_eq!(client(PROXY, lines), expected, "{lines:?}");
            assert_eq!(client("::ffff:10.0.0.1", lines), expected, "{lines:?}");
            assert_eq!(client("2001:db8::1", lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn nobody_else_than_a_trusted_proxy_is_believed() {
        for peer in ["192.0.2.9", "2001:db9::9", "11.0.0.1"] {
            assert_eq!(client(peer, &["198.51.100.7"]), peer);
            assert_eq!(client(peer, &["10.0.0.1"]), peer);
        }
    }

    #[test]
    fn a_proxy_that_names_nobody_is_the_client_itself() {
        let cases: [&[&str]; 12] = [
            &[],
            &[""],
            &["10.0.0.2"],
            &["unknown"],
            &["192.0.2.1, unknown"],
            &["192.0.2.1, unknown, 10.0.0.2"],
            &["192.0.2.1", "_hidden"],
            &["192.0.2.1,"],
            &["192.0.2.1;10.0.0.2"],
            &["192.0.2.01"],
            &["192.0.2.1, 192.0.2.256"],
            &["192.0.2.1, 10.0.0.2/8"],
        ];
        for lines in cases {
            assert_eq!(client(PROXY, lines), PROXY, "{lines:?}");
        }
    }

    #[test]
    fn what_stands_before_the_client_is_not_read() {
        for line in ["unknown, 192.0.2.1", "\u{22}x, , 192.0.2.1, 10.0.0.2"] {
            assert_eq!(client(PROXY, &[line]), "192.0.2.1");
        }
        assert_eq!(client_of_bytes(PROXY, &[b"\xff, 192.0.2.1"]), "192.0.2.1");
        assert_eq!(client_of_bytes(PROXY, &[b"192.0.2.1, \xff"]), PROXY);
    }
}
