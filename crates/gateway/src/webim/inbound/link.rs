//! Which addresses are handed to pages. Pages of the time write them into attributes as they are, so an address must be
//! harmless as a link and as HTML, before and after entities are resolved.

/// Bytes of an address at most.
const MAX_LENGTH: usize = 2048;

/// The address as it is, if it leads to a web site: `http://`, `https://` (in small letters), or relative to the page. `None`
/// for every other scheme, for another site without a scheme (`//…`), for user names before a host, and for anything with
/// blanks, control characters, quotes, angle brackets or backslashes.
pub(in crate::webim) fn safe(url: &str) -> Option<&str> {
    let is_sound = !url.is_empty() && url.len() <= MAX_LENGTH && url.chars().all(is_harmless);
    let leads_to_a_site = match url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) {
        Some(rest) => is_host(until(rest, &['/', '?', '#'])),
        None => is_relative(url),
    };
    (is_sound && leads_to_a_site).then_some(url)
}

fn until<'a>(text: &'a str, ends: &[char]) -> &'a str {
    text.split(ends).next().unwrap_or_default()
}

/// Letters beyond ASCII are text; what else is there may be a blank, or turn the direction of reading.
fn is_harmless(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_graphic() && !r#""'<>\`"#.contains(c) } else { c.is_alphanumeric() }
}

/// A host with or without a port. No `@`: what stands before it looks like the host and is none. No `&`: see [`is_relative`].
fn is_host(host: &str) -> bool {
    host.starts_with(|c: char| c.is_alphanumeric() || c == '[') && !host.contains(['@', '&'])
}

/// No scheme, and no other host. An entity may stand for the colon or the slash of either (`javascript&colon;`), so the part
/// where they count has no `&`.
fn is_relative(url: &str) -> bool {
    !url.starts_with("//") && !until(url, &['?', '#']).contains([':', '&'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_of_web_sites_and_of_the_own_site_are_handed_on_as_they_are() {
        let urls = [
            "http://test.com/s?id=5",
            "https://example.org",
            "https://example.org:8443/a?b=c&d=e#f",
            "http://[::1]:8080/x",
            "http://www.uchome.com/uc/ucenter/avatar.php?uid=2&size=small&type=virtual",
            "space.php?uid=2",
            "group.php?uid=2&tab=1",
            "jack.jpg",
            "/images/头像.png",
            "?at=10:55",
            "#top:1",
            "a%20b",
        ];
        for url in urls {
            assert_eq!(safe(url), Some(url), "{url}");
        }
    }

    #[test]
    fn everything_else_is_dropped() {
        let urls = [
            "",
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            " javascript:alert(1)",
            "\u{1}javascript:alert(1)",
            "java\tscript:alert(1)",
            "java\nscript:alert(1)",
            "javascript&colon;alert(1)",
            "javascript&#58;alert(1)",
            "&#106;avascript:alert(1)",
            "java&Tab;script:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "ftp://example.org/",
            "mailto:a@example.org",
            "HTTP://example.org/",
            " http://example.org/",
            "http:example.org",
            "http:/example.org",
            "http://",
            "http:///example.org",
            "https://?x",
            "http://good.example@evil.example/",
            "http://good.example&commat;evil.example/",
            "http://\\evil.example/",
            "//evil.example/",
            "///evil.example/",
            "/\\evil.example/",
            "\\\\evil.example/",
            "/\t/evil.example/",
            "/&sol;evil.example/",
            "/&#47;evil.example/",
            "a b",
            "a\"onerror=alert(1)",
            "a'onerror=alert(1)",
            "a`b",
            "<script>",
            "\u{a0}javascript:alert(1)",
            "a\u{202e}gpj.exe",
            "a\u{feff}",
            "a\u{0}",
            "\u{7f}",
        ];
        for url in urls {
            assert_eq!(safe(url), None, "{url:?}");
        }
    }

    #[test]
    fn an_address_without_end_is_dropped() {
        assert!(safe(&"a".repeat(MAX_LENGTH)).is_some());
        assert!(safe(&"a".repeat(MAX_LENGTH + 1)).is_none());
    }

    proptest! {
        #[test]
        fn what_is_handed_on_has_a_known_scheme_or_none(url in "[a-z:/?#&@;.\\\\ ]{0,12}") {
            if let Some(url) = safe(&url) {
                let colon = url.find(':').filter(|at| !url[..*at].contains(['/', '?', '#']));
                prop_assert!(colon.is_none_or(|at| matches!(&url[..at], "http" | "https")));
                prop_assert!(!url.starts_with("//") && !url.contains('\\'));
            }
        }

        #[test]
        fn no_text_makes_it_panic(url in any::<String>()) {
            safe(&url);
        }
    }
}
