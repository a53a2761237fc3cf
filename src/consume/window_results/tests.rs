use super::*;

const START: i64 = 1_767_225_600_000; // 2026-01-01T00:00:00Z

fn places() -> ResultPlaces {
    let place = |text| ResultPlace::parse(text).unwrap();
    ResultPlaces {
        start: place("/window_start"),
        end: Some(place("/window_end")),
        size_ms: Some(10_000),
        key: Some(place("/key")),
        count: place("/count"),
        deleted: Some(place("/op")),
    }
}

fn read(places: &ResultPlaces, payload: Option<&str>, key: Option<&str>) -> Result<WindowResult, ResultFault> {
    let header = |name: &str| (name == "count").then_some(b"17".as_slice());
    places.extract(&ResultMessage { payload: payload.map(str::as_bytes), key: key.map(str::as_bytes), header })
}

fn found(count: Option<u64>) -> WindowResult {
    WindowResult { window: WindowSpan { start_ms: START, end_ms: START + 10_000 }, key: Some(b"k1".to_vec()), count }
}

#[test]
fn times_are_read_as_engines_write_them() {
    for [start, end] in [
        ["1767225600000", "1767225610000"],
        ["1767225600000.0", "1.76722561e12"],
        ["1767225600000000", "1767225610000000"],
        ["1767225600000000000", "1767225610000000999"],
        ["\"1767225600000\"", "\"1767225610000\""],
        ["\"2026-01-01T00:00:00Z\"", "\"2026-01-01T00:00:10.000Z\""],
        ["\"2026-01-01T01:00:00.000+01:00\"", "\"2026-01-01T00:00:10+00:00\""],
        ["\"2026-01-01 00:00:00\"", "\"2026-01-01 00:00:10.000\""],
        ["\"2026-01-01T00:00\"", "\"2026-01-01T00:00:10\""],
    ] {
        let payload = format!(r#"{{"window_start":{start},"window_end":{end},"key":"k1","count":3}}"#);
        assert_eq!(read(&places(), Some(&payload), None), Ok(found(Some(3))), "{payload}");
    }
}

#[test]
fn without_an_end_the_size_says_it_and_parts_may_be_in_key_and_headers() {
    let place = |text| ResultPlace::parse(text).unwrap();
    let places = ResultPlaces {
        start: place("key:/window/start"),
        end: None,
        key: Some(place("key:/id")),
        count: place("header:count"),
        deleted: None,
        ..places()
    };
    let key = format!(r#"{{"window":{{"start":{START}}},"id":"k1"}}"#);
    assert_eq!(read(&places, Some("{}"), Some(&key)), Ok(found(Some(17))));
    // A tombstone: the key names what is withdrawn.
    assert_eq!(read(&places, None, Some(&key)), Ok(found(None)));
    assert_eq!(read(&places, Some(""), Some(&key)), Ok(found(None)));
    let whole_key = ResultPlaces { start: place("/start"), key: Some(place("key")), ..places };
    assert_eq!(read(&whole_key, Some(&format!(r#"{{"start":{START}}}"#)), Some("k1")), Ok(found(Some(17))));
}

#[test]
fn a_result_is_withdrawn_by_a_mark_or_by_a_count_of_null() {
    let payload =
        |rest: &str| format!(r#"{{"window_start":{START},"window_end":{},"key":"k1",{rest}}}"#, START + 10_000);
    for rest in [r#""count":3,"op":"-D""#, r#""count":3,"op":"d""#, r#""count":3,"op":true"#, r#""count":null"#] {
        assert_eq!(read(&places(), Some(&payload(rest)), None), Ok(found(None)), "{rest}");
    }
    for rest in [r#""count":3,"op":"+U""#, r#""count":"3","op":false"#, r#""count":3.0"#] {
        assert_eq!(read(&places(), Some(&payload(rest)), None), Ok(found(Some(3))), "{rest}");
    }
}

#[test]
fn what_is_wrong_with_a_result_is_said() {
    let say = |payload: &str| read(&places(), Some(payload), None).unwrap_err().to_string();
    assert_eq!(say("{"), "the message is not JSON");
    assert_eq!(say("{}"), "the window result has no window start in its place");
    assert_eq!(
        say(r#"{"window_start":1767225600,"window_end":1767225610,"key":"k1","count":3}"#),
        "the window start 1767225600 looks like seconds; window times must be in milliseconds since 1970"
    );
    assert_eq!(
        say(r#"{"window_start":"yesterday"}"#),
        "the window start is neither milliseconds since 1970 nor a date and time like 2026-01-31T10:00:00Z"
    );
    assert_eq!(say(r#"{"window_start":20,"window_end":10}"#), "the window ends at or before its start");
    for count in ["-3", "2.5", "\"many\"", "[]"] {
        let payload = format!(r#"{{"window_start":0,"window_end":10,"key":7,"count":{count}}}"#);
        assert_eq!(say(&payload), "the count is not a whole number of events", "{count}");
    }
    assert_eq!(
        ResultPlace::parse("count").unwrap_err().to_string().split(':').next(),
        Some("`count` is not a place in a message")
    );
}

#[test]
fn a_time_before_1970_is_rounded_down_to_its_millisecond() {
    assert_eq!(time_of_text("1969-12-31T23:59:59.9985Z"), Some(-2));
    assert_eq!(time_of_text("-5"), Some(-5));
}

#[test]
fn a_session_of_one_event_may_end_where_it_starts_and_a_window_may_not() {
    let payload = format!(r#"{{"window_start":{START},"window_end":{START},"key":"k1","count":1}}"#);
    assert_eq!(read(&places(), Some(&payload), None), Err(ResultFault::Backwards));
    let sessions = ResultPlaces { size_ms: None, ..places() };
    let found = read(&sessions, Some(&payload), None).unwrap();
    assert_eq!(found.window, WindowSpan { start_ms: START, end_ms: START });
    let before = payload.replace(&format!("end\":{START}"), &format!("end\":{}", START - 1));
    assert_eq!(read(&sessions, Some(&before), None), Err(ResultFault::Backwards));
}
