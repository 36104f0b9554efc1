//! The client that a limit counts for: the peer, or the address that a trusted proxy reports.

use reqwest::Method;
use reqwest::header::HeaderValue;

use super::limits::{app_behind_a_proxy, expect_refused, from, limited_app, recover};
use crate::support::{TestApp, send, spawn_app_with};

#[actix_web::test]
async fn clients_behind_a_trusted_proxy_are_distinguished() {
    let app = app_behind_a_proxy(2);
    let get = async |client: &str| {
        let request = from(client, app.request(Method::GET, "/"));
        send(request).await.status().as_u16()
    };
    assert_eq!([get("192.0.2.1").await, get("127.0.0.2, 192.0.2.1").await], [200, 200]);
    // Clients may forge entries, but the proxy appends their address.
    for client in
        ["192.0.2.1", "203.0.113.5, 192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1, 127.0.0.3"]
    {
        assert_eq!(get(client).await, 429, "{client}");
    }
    assert_eq!(get("192.0.2.2").await, 200);
    assert_eq!([get("2001:db8::1").await, get("2001:db8::ff:2").await], [200, 200]);
    assert_eq!([get("2001:db8:0:ff::3").await, get("2001:db8:0:100::1").await], [429, 200]);
    // A header without a valid client address counts for the proxy itself.
    assert_eq!([get("unknown").await, get("127.0.0.2").await, get("").await], [200, 200, 429]);
}

/// Sends a request with these lines of `X-Forwarded-For`, then one with others. Returns whether both
/// counted for the same client.
async fn is_one_client(app: &TestApp, lines: &[&[u8]], others: &[&[u8]]) -> bool {
    let get = async |lines: &[&[u8]]| {
        let request = lines.iter().fold(app.request(Method::GET, "/"), |request, line| {
            request.header("X-Forwarded-For", HeaderValue::from_bytes(line).unwrap())
        });
        send(request).await.status().as_u16()
    };
    recover(app);
    let statuses = [get(lines).await, get(others).await];
    assert!(matches!(statuses, [200, 200 | 429]), "{statuses:?}");
    statuses[1] == 429
}

#[actix_web::test]
async fn the_client_is_the_last_address_that_is_not_a_trusted_proxy() {
    let app = spawn_app_with(|settings| {
        settings.limits.requests_per_second = 0.001;
        settings.limits.burst = 1;
        let proxies = ["127.0.0.0/8", "10.0.0.0/8", "2001:db8::/32"];
        settings.server.trusted_proxies = proxies.map(|it| it.parse().unwrap()).to_vec();
    });
    let cases: [(&[&[u8]], &[u8]); 12] = [
        (&[b"192.0.2.1"], b"192.0.2.1"),
        (&[b"198.51.100.7, 192.0.2.1"], b"192.0.2.1"),
        (&[b"198.51.100.7,192.0.2.1, 10.9.9.9 ,\t10.0.0.2"], b"192.0.2.1"),
        (&[b"198.51.100.7", b"192.0.2.1, 2001:db8::7"], b"192.0.2.1"),
        (&[b"192.0.2.1", b"10.0.0.2"], b"192.0.2.1"),
        (&[b"::ffff:192.0.2.1, ::ffff:10.0.0.3"], b"192.0.2.1"),
        (&[b"2001:db9::5"], b"2001:db9::5"),
        (&[b"192.0.2.1:4711, 10.0.0.2:80"], b"192.0.2.1"),
        (&[b"[2001:db9::5]:4711"], b"2001:db9::5"),
        // Entries before the client's own are ignored.
        (&[b"unknown, 192.0.2.1"], b"192.0.2.1"),
        (&[b"\"x, , 192.0.2.1, 10.0.0.2"], b"192.0.2.1"),
        (&[b"\xff, 192.0.2.1"], b"192.0.2.1"),
    ];
    for (lines, client) in cases {
        assert!(is_one_client(&app, lines, &[client]).await, "{lines:?}");
        assert!(!is_one_client(&app, lines, &[b"203.0.113.99"]).await, "{lines:?}");
        assert!(!is_one_client(&app, lines, &[]).await, "{lines:?}");
    }
}

#[actix_web::test]
async fn without_a_valid_forwarded_address_the_proxy_is_the_client() {
    let app = app_behind_a_proxy(1);
    let cases: [&[&[u8]]; 12] = [
        &[b""],
        &[b"127.0.0.2"],
        &[b"unknown"],
        &[b"192.0.2.1, unknown"],
        &[b"192.0.2.1, unknown, 127.0.0.2"],
        &[b"192.0.2.1", b"_hidden"],
        &[b"192.0.2.1,"],
        &[b"192.0.2.1;127.0.0.2"],
        &[b"192.0.2.01"],
        &[b"192.0.2.1, 192.0.2.256"],
        &[b"192.0.2.1, 127.0.0.2/8"],
        &[b"192.0.2.1, \xff"],
    ];
    for lines in cases {
        assert!(is_one_client(&app, lines, &[]).await, "{lines:?}");
    }
}

#[actix_web::test]
async fn forwarded_addresses_from_untrusted_peers_are_ignored() {
    let app = limited_app(2);
    let get = |client: &str| {
        let request = app.request(Method::GET, "/").header("Forwarded", "for=192.0.2.9");
        send(from(client, request).header("X-Real-IP", "192.0.2.9"))
    };
    assert_eq!(get("192.0.2.1").await.status(), 200);
    assert_eq!(get("192.0.2.2").await.status(), 200);
    expect_refused(get("192.0.2.3").await).await;
}
