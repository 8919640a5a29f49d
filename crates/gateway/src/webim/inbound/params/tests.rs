use super::*;
use proptest::prelude::*;

const FORM: &str = "application/x-www-form-urlencoded; charset=UTF-8";
const JSON: &str = "Application/JSON";

fn read(query: &str, content_type: &'static str, body: &str) -> Result<Params, Refused> {
    Params::read(Some(query), Some(&HeaderValue::from_static(content_type)), body.as_bytes())
}

fn query(query: &str) -> Params {
    Params::read(Some(query), None, b"").unwrap()
}

fn body(json: &str) -> Params {
    read("", JSON, json).unwrap()
}

fn status(read: Result<Params, Refused>) -> u16 {
    read.unwrap_err().status.as_u16()
}

#[test]
fn a_query_a_form_and_a_json_object_say_the_same() {
    let message = "ticket=t-1&type=chat&to=susan&offline=false&body=a%26b+%E4%BD%A0";
    let object = r#"{"ticket":"t-1","type":"chat","to":"susan","offline":false,"body":"a&b 你"}"#;
    for params in [query(message), read("", FORM, message).unwrap(), body(object)] {
        assert_eq!(params.ticket(), Some("t-1"));
        assert_eq!(params.message_type(), Ok(MessageType::Chat));
        assert_eq!(params.required("to"), Ok("susan"));
        assert!(!params.flag("offline"));
        assert_eq!(params.verbatim("body"), Some("a&b 你"));
    }
}

#[test]
fn a_body_without_a_type_is_a_form() {
    let params = Params::read(None, None, b"a=1").unwrap();
    assert_eq!(params.text("a"), Some("1"));
}

#[test]
fn the_first_value_of_a_name_counts_and_the_query_comes_first() {
    let params = read("a=1&a=2", FORM, "a=3&b=4&b=5").unwrap();
    assert_eq!(params.text("a"), Some("1"));
    assert_eq!(params.text("b"), Some("4"));
    assert_eq!(body(r#"{"a":"1","a":"2"}"#).text("a"), Some("1"));
}

#[test]
fn names_are_case_sensitive() {
    assert_eq!(query("Id=1").text("id"), None);
}

#[test]
fn what_scripts_make_of_nothing_is_absent_except_where_people_write() {
    for nothing in ["", "undefined", "null", "+"] {
        let params = query(&format!("nick={nothing}"));
        assert_eq!(params.text("nick"), None);
        assert_eq!(params.required("nick"), Err(Refused::bad("nick is missing")));
    }
    assert_eq!(query("body=null").verbatim("body"), Some("null"));
    assert_eq!(query("body=+x").verbatim("body"), Some(" x"));
    assert_eq!(body(r#"{"body":null}"#).verbatim("body"), None);
}

#[test]
fn a_list_has_each_part_once_and_none_that_is_empty() {
    assert_eq!(query("ids=1,34,34").list("ids"), Ok(vec!["1", "34"]));
    assert_eq!(query("ids=+b+,,a,+,b").list("ids"), Ok(vec!["b", "a"]));
    assert_eq!(query("ids=undefined").list("ids"), Ok(vec![]));
    assert_eq!(query("").list("ids"), Ok(vec![]));
    assert_eq!(body(r#"{"ids":["a",2,null,"a"]}"#).list("ids"), Ok(vec!["a", "2"]));
}

#[test]
fn a_list_is_bounded() {
    let ids = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    assert_eq!(query(&format!("ids={}", ids(MAX_PARTS))).list("ids").unwrap().len(), MAX_PARTS);
    assert!(query(&format!("ids={}", ids(MAX_PARTS + 1))).list("ids").is_err());
}

#[test]
fn a_flag_is_true_or_1() {
    for (word, is_set) in [("true", true), ("1", true), ("false", false), ("0", false), ("undefined", false)]
    {
        assert_eq!(query(&format!("offline={word}")).flag("offline"), is_set, "{word}");
    }
    assert!(body(r#"{"offline":true}"#).flag("offline"));
    assert!(!query("").flag("offline"));
}

#[test]
fn a_show_is_read_and_a_word_that_is_none_is_refused() {
    assert_eq!(query("show=away").show(), Ok(Some(Show::Away)));
    assert_eq!(query("show=undefined").show(), Ok(None));
    assert_eq!(query("").show(), Ok(None));
    assert_eq!(query("show=invisble").show().unwrap_err().status, StatusCode::BAD_REQUEST);
}

#[test]
fn a_type_that_is_none_is_refused() {
    assert_eq!(query("type=multicast").message_type(), Ok(MessageType::GroupChat));
    assert!(query("type=all").message_type().is_err());
    assert!(query("").message_type().is_err());
}

#[test]
fn the_ticket_is_flat_or_that_of_the_connection() {
    assert_eq!(query("connection%5Bticket%5D=t").ticket(), Some("t"));
    assert_eq!(query("connection[ticket]=t&ticket=u").ticket(), Some("u"));
    assert_eq!(query("ticket=undefined").ticket(), None);
}

#[test]
fn the_names_of_both_seeds_mean_the_same() {
    for params in [query("buddy_ids=1,2&room_ids=3"), query("presence_buddies=1,2&presence_rooms=3")] {
        assert_eq!(params.buddies_to_tell(), Ok(vec!["1", "2"]));
        assert_eq!(params.rooms_to_tell(), Ok(vec!["3"]));
    }
    assert_eq!(query("id=susan").ids(), Ok(vec!["susan"]));
    assert_eq!(query("ids=susan,josh").ids(), Ok(vec!["susan", "josh"]));
    assert!(query("ids=,").ids().is_err());
    assert!(query("").ids().is_err());
}

#[test]
fn parameters_tell_the_edition_where_they_can() {
    let old = ["presence_buddies=", "presence_rooms=1", "buddies=1&rooms=", "type=unicast", "type=multicast"];
    for text in old {
        assert_eq!(query(text).edition(), Edition::Old, "{text}");
    }
    let current = ["", "buddy_ids=1", "buddies=1&buddy_ids=", "type=chat", "type=broadcast", "type=x"];
    for text in current {
        assert_eq!(query(text).edition(), Edition::Current, "{text}");
    }
}

#[test]
fn what_is_deep_in_a_json_object_is_its_own_json() {
    let params = body(r#"{"data":{"play_sound":true},"list":[[1],{}],"n":1.5}"#);
    assert_eq!(params.verbatim("data"), Some(r#"{"play_sound":true}"#));
    assert_eq!(params.verbatim("list"), Some("[[1],{}]"));
    assert_eq!(params.verbatim("n"), Some("1.5"));
}

#[test]
fn a_body_of_another_kind_is_refused() {
    assert_eq!(status(read("", "multipart/form-data; boundary=x", "--x")), 415);
    assert_eq!(status(read("", "text/plain", "a=1")), 415);
    assert!(read("a=1", "text/plain", "").is_ok());
    for body in ["[]", "1", "{", "\"a\"", "{}x", "null"] {
        assert_eq!(status(read("", JSON, body)), 400, "{body}");
    }
}

#[test]
fn count_and_length_are_bounded() {
    let many = |count: usize| "a=1&".repeat(count);
    assert!(read(&many(MAX_COUNT), FORM, "").is_ok());
    assert_eq!(status(read(&many(MAX_COUNT + 1), FORM, "")), 400);
    assert_eq!(status(read(&many(40), FORM, &many(40))), 400);
    let object = (0..=MAX_COUNT).map(|n| format!("\"{n}\":1")).collect::<Vec<_>>().join(",");
    assert_eq!(status(read("", JSON, &format!("{{{object}}}"))), 400);
    let long = "a".repeat(MAX_LENGTH + 1);
    assert_eq!(status(read(&long, FORM, "")), 413);
    assert_eq!(status(read("", FORM, &long)), 413);
}

#[test]
fn values_are_not_printed() {
    assert_eq!(format!("{:?}", query("password=jack111")), r#"{"password": "***"}"#);
}

#[test]
fn bytes_that_are_no_text_are_read_all_the_same() {
    assert_eq!(Params::read(Some("a=%ff%"), None, b"").unwrap().text("a"), Some("\u{fffd}%"));
    assert_eq!(Params::read(None, None, b"b=\xff\x00").unwrap().text("b"), Some("\u{fffd}\0"));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        query in any::<String>(),
        kind in prop::option::of(prop::collection::vec(any::<u8>(), 0..40)),
        is_json in any::<bool>(),
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let kind = if is_json {
            Some(HeaderValue::from_static(JSON))
        } else {
            kind.and_then(|kind| HeaderValue::from_bytes(&kind).ok())
        };
        if let Ok(params) = Params::read(Some(&query), kind.as_ref(), &body) {
            prop_assert!(params.0.len() <= MAX_COUNT);
        }
    }

    #[test]
    fn every_getter_bears_every_value(
        name in "(ids|id|type|show|ticket|buddy_ids|offline)",
        value in any::<String>(),
    ) {
        let text = form_urlencoded::Serializer::new(String::new()).append_pair(&name, &value).finish();
        let params = query(&text);
        prop_assert_eq!(params.verbatim(&name), Some(value.as_str()));
        params.ticket();
        params.edition();
        params.flag(&name);
        let answers = (params.show(), params.message_type(), params.buddies_to_tell(), params.rooms_to_tell());
        let refusals = [answers.0.err(), answers.1.err(), answers.2.err(), answers.3.err(), params.ids().err()];
        // What the page gave is not in what it is told.
        prop_assert!(refusals.iter().flatten().all(|refused| refused.message.is_ascii()));
    }
}
