//! Which CSS a message may bring along. Pages of the time write it into an attribute as it is.

/// Bytes of a style at most, before and after.
const MAX_LENGTH: usize = 200;

/// What is left of a message's `style`: declarations that a reader allows, in small letters, as `color:red;font-size:12px`.
/// `None` if nothing is. Of two for the same property the later counts, as in CSS. What a page sees has letters, digits and
/// `#%(),-.:;` with blanks between words, and cannot load, script, or leave an attribute.
pub(in crate::webim) fn filtered(style: &str) -> Option<String> {
    if style.len() > MAX_LENGTH {
        return None;
    }
    let mut kept: Vec<(&str, String)> = Vec::new();
    for (property, value) in style.split(';').filter_map(declaration) {
        kept.retain(|(known, _)| *known != property);
        kept.push((property, value));
    }
    let declarations: Vec<_> = kept.iter().map(|(property, value)| format!("{property}:{value}")).collect();
    // Letters beyond ASCII may become longer when they become small.
    Some(declarations.join(";")).filter(|style| !style.is_empty() && style.len() <= MAX_LENGTH)
}

/// Reads a value: the value as it is written, if it may be.
type Reader = fn(&str) -> Option<String>;

const PROPERTIES: [(&str, Reader); 7] = [
    ("color", color),
    ("background-color", color),
    ("font-size", size),
    ("font-family", families),
    ("font-weight", weight),
    ("font-style", slant),
    ("text-decoration", decoration),
];

fn declaration(text: &str) -> Option<(&'static str, String)> {
    let (property, value) = text.split_once(':')?;
    let property = property.trim().to_ascii_lowercase();
    let (name, read) = PROPERTIES.into_iter().find(|(name, _)| *name == property)?;
    Some((name, read(&value.trim().to_lowercase())?))
}

fn one_of(value: &str, words: &[&str]) -> Option<String> {
    words.contains(&value).then(|| value.to_owned())
}

/// `#bbb`, a name, or `rgb(…)`, `rgba(…)`, `hsl(…)`, `hsla(…)` of numbers.
fn color(value: &str) -> Option<String> {
    if let Some(digits) = value.strip_prefix('#') {
        let is_hex = digits.bytes().all(|b| b.is_ascii_hexdigit()) && matches!(digits.len(), 3 | 4 | 6 | 8);
        return is_hex.then(|| value.to_owned());
    }
    let Some((function, arguments)) = value.split_once('(') else {
        let is_name = (3..=24).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_lowercase());
        return is_name.then(|| value.to_owned());
    };
    let numbers: Option<Vec<_>> =
        arguments.strip_suffix(')')?.split(',').map(|number| percentage_or_number(number.trim())).collect();
    let numbers = numbers.filter(|numbers| matches!(numbers.len(), 3 | 4))?;
    matches!(function, "rgb" | "rgba" | "hsl" | "hsla").then(|| format!("{function}({})", numbers.join(",")))
}

fn percentage_or_number(text: &str) -> Option<&str> {
    number(text.strip_suffix('%').unwrap_or(text)).map(|_| text)
}

/// A plain number: at most three digits, and three behind the point.
fn number(text: &str) -> Option<f64> {
    let (whole, part) = text.split_once('.').map_or((text, None), |(whole, part)| (whole, Some(part)));
    let is_digits = |text: &str| text.len() <= 3 && text.bytes().all(|b| b.is_ascii_digit());
    let is_number = match part {
        Some(part) => is_digits(whole) && is_digits(part) && !part.is_empty(),
        None => is_digits(whole) && !whole.is_empty(),
    };
    is_number.then(|| text.parse().ok()).flatten()
}

/// A length up to what a line of a chat window bears, or a word.
fn size(value: &str) -> Option<String> {
    const UNITS: [(&str, f64); 5] = [("px", 96.0), ("pt", 72.0), ("rem", 6.0), ("em", 6.0), ("%", 600.0)];
    const WORDS: [&str; 9] =
        ["xx-small", "x-small", "small", "medium", "large", "x-large", "xx-large", "smaller", "larger"];
    let fits = |(unit, most): (&str, f64)| {
        let length = value.strip_suffix(unit).and_then(number);
        length.is_some_and(|length| length > 0.0 && length <= most)
    };
    if UNITS.into_iter().any(fits) { Some(value.to_owned()) } else { one_of(value, &WORDS) }
}

/// Families of fonts; the quotes that CSS allows around one are left out, as it is made of words that need none.
fn families(value: &str) -> Option<String> {
    let families: Option<Vec<_>> =
        value.split(',').map(|family| unquoted(family.trim()).and_then(words)).collect();
    families.map(|families| families.join(","))
}

fn unquoted(text: &str) -> Option<&str> {
    match text.chars().next()? {
        quote @ ('"' | '\'') => text.strip_prefix(quote)?.strip_suffix(quote),
        _ => Some(text),
    }
}

/// Words that begin with a letter, with one blank between two.
fn words(family: &str) -> Option<String> {
    let is_word = |word: &&str| {
        word.starts_with(char::is_alphabetic) && word.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let words: Vec<_> = family.split_ascii_whitespace().collect();
    (!words.is_empty() && words.iter().all(is_word)).then(|| words.join(" "))
}

fn weight(value: &str) -> Option<String> {
    const WORDS: [&str; 13] = [
        "normal", "bold", "bolder", "lighter", "100", "200", "300", "400", "500", "600", "700", "800", "900",
    ];
    one_of(value, &WORDS)
}

fn slant(value: &str) -> Option<String> {
    one_of(value, &["normal", "italic", "oblique"])
}

fn decoration(value: &str) -> Option<String> {
    let lines: Option<Vec<_>> = value
        .split_ascii_whitespace()
        .map(|line| one_of(line, &["none", "underline", "overline", "line-through"]))
        .collect();
    lines.filter(|lines| (1..=3).contains(&lines.len())).map(|lines| lines.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn assert_left(style: &str, left: &str) {
        assert_eq!(filtered(style).unwrap_or_default(), left, "{style:?}");
    }

    #[test]
    fn the_styles_of_the_seeds_are_kept() {
        assert_left("color:#bbb;", "color:#bbb");
        assert_left("color:red", "color:red");
    }

    #[test]
    fn what_is_kept_is_written_in_one_way() {
        assert_left(" COLOR : Red ;; Font-Size: 12PX; ", "color:red;font-size:12px");
        assert_left("color:rgb( 1, 2 ,3 )", "color:rgb(1,2,3)");
        assert_left("background-color:rgba(255,0,0,.5)", "background-color:rgba(255,0,0,.5)");
        assert_left("color:hsl(120,50%,50%)", "color:hsl(120,50%,50%)");
        assert_left(
            "font-family: 'Courier  New', \"宋体\", sans-serif",
            "font-family:courier new,宋体,sans-serif",
        );
        assert_left("font-weight:bold;font-style:italic", "font-weight:bold;font-style:italic");
        assert_left("text-decoration:underline  line-through", "text-decoration:underline line-through");
        assert_left("font-size:1.5em", "font-size:1.5em");
        assert_left("color:red;color:blue", "color:blue");
    }

    #[test]
    fn other_properties_are_dropped_and_the_rest_stays() {
        assert_left("position:fixed;color:red;top:0", "color:red");
        assert_left("behavior:url(x.htc)", "");
        assert_left("-moz-binding:url(x)", "");
        assert_left("background:url(x)", "");
        assert_left("background-image:url(x)", "");
        assert_left("font:12px x", "");
        assert_left("", "");
    }

    #[test]
    fn values_that_load_or_script_or_leave_the_attribute_are_dropped() {
        let values = [
            "url(http://evil.example/x)",
            "expression(alert(1))",
            "exp/**/ression(alert(1))",
            "\\65xpression(alert(1))",
            "rgb(expression(1),2,3)",
            "rgb(1,2,3) url(x)",
            "rgb(1,2,3",
            "rgb(1,2)",
            "rgb(1,2,3,4,5)",
            "calc(1,2,3)",
            "attr(x,y,z)",
            "#bbb\" onmouseover=\"alert(1)",
            "red' x='",
            "red</style><script>",
            "red&#59;",
            "red!important",
            "red/**/",
            "var(--x)",
            "#bb",
            "#ggg",
            "#",
            "ｒｅｄ",
            "re\u{0}d",
            "re\nd",
        ];
        for value in values {
            assert_left(&format!("color:{value}"), "");
            assert_left(&format!("background-color:{value};font-size:12px"), "font-size:12px");
        }
    }

    #[test]
    fn sizes_that_tear_a_page_are_dropped() {
        for value in [
            "97px", "999px", "99999px", "0px", "-1px", "1e3px", "7em", "601%", "12", "px", ".px", "1.px",
            "+1px",
        ] {
            assert_left(&format!("font-size:{value}"), "");
        }
        for value in ["96px", "72pt", "6em", "6rem", "600%", "xx-small", "larger"] {
            assert_left(&format!("font-size:{value}"), &format!("font-size:{value}"));
        }
    }

    #[test]
    fn families_with_anything_but_words_are_dropped() {
        for value in [
            "'a", "a'", "'a\"", "\"a;b\"", "a,,b", ",", "''", "'", "12px", "a(b)", "a<b", "a\\b", "a&b",
            "a:b",
        ] {
            assert_left(&format!("font-family:{value}"), "");
        }
    }

    #[test]
    fn words_of_other_properties_are_dropped() {
        assert_left("font-weight:950;font-style:bold;text-decoration:blink", "");
        assert_left("text-decoration:none none none none", "");
        assert_left("text-decoration:", "");
    }

    #[test]
    fn a_style_without_end_is_dropped() {
        let long = format!("color:red;{}", " ".repeat(MAX_LENGTH - 10));
        assert_left(&long, "color:red");
        assert_left(&format!("{long} "), "");
    }

    fn is_harmless(c: char) -> bool {
        c.is_alphanumeric() || "#%(),-.:; ".contains(c)
    }

    proptest! {
        #[test]
        fn what_is_left_is_harmless_and_stays_as_it_is(
            style in "((color|font-size|font-family|text-decoration|x) ?: ?[a-zA-Zİ0-9#%(),.\"'\\\\<>&;/ -]{0,12};){0,4}"
        ) {
            if let Some(left) = filtered(&style) {
                prop_assert!(left.len() <= MAX_LENGTH && left.chars().all(is_harmless), "{left:?}");
                prop_assert_eq!(filtered(&left), Some(left));
            }
        }

        #[test]
        fn no_text_makes_it_panic(style in any::<String>()) {
            filtered(&style);
        }
    }
}
