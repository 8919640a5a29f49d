//! The server's address: from whatever a page gives to the URL of the socket.

use jmessage_proto::PATH;

/// The URL of the socket for `server`: a host, or an `http`, `https`, `ws` or `wss` URL, with or without a path before
/// the wire's own. `secure` decides for a bare host. `None` if it is none of these.
pub(crate) fn socket_url(server: &str, secure: bool) -> Option<String> {
    let schemes = [("https://", "wss://"), ("http://", "ws://"), ("wss://", "wss://"), ("ws://", "ws://")];
    let named = schemes.iter().find_map(|(from, to)| Some((*to, server.strip_prefix(from)?)));
    let (scheme, rest) = named.unwrap_or((if secure { "wss://" } else { "ws://" }, server));
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let refused = |byte: u8| !byte.is_ascii_graphic() || matches!(byte, b'?' | b'#' | b'@' | b'\\');
    let host_ends = rest.bytes().position(|byte| byte == b'/').unwrap_or(rest.len());
    // Another scheme, or no host.
    let bad_host = host_ends == 0 || rest.as_bytes().get(host_ends - 1) == Some(&b':');
    if bad_host || rest.bytes().any(refused) {
        return None;
    }
    let mut url = String::from(scheme);
    url.push_str(rest.strip_suffix(PATH).unwrap_or(rest));
    url.push_str(PATH);
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::socket_url;

    #[test]
    fn addresses_of_all_kinds_lead_to_the_socket() {
        for (server, url) in [
            ("http://a.b:8080", "ws://a.b:8080/jmessage/v1"),
            ("https://a.b/", "wss://a.b/jmessage/v1"),
            ("ws://a.b/chat", "ws://a.b/chat/jmessage/v1"),
            ("wss://a.b/jmessage/v1", "wss://a.b/jmessage/v1"),
            ("a.b", "wss://a.b/jmessage/v1"),
            ("[::1]:80", "wss://[::1]:80/jmessage/v1"),
        ] {
            assert_eq!(socket_url(server, true).as_deref(), Some(url));
        }
        assert_eq!(socket_url("localhost:80", false).as_deref(), Some("ws://localhost:80/jmessage/v1"));
        for server in
            ["", "/", "ftp://a.b", "https://", "http:///x", "a b", "u:p@a.b", "a.b?x", "a.b#x", "null\0"]
        {
            assert_eq!(socket_url(server, true), None, "{server:?}");
        }
    }
}
