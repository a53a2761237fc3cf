//! A profile that breaks each rule: the message, and the text it refers to.

use crate::profile::{Profile, bounds::MAX_STREAMS, units::Span};

/// The keys of the profile itself, and of its one stream.
fn profile(top: &str, stream: &str) -> String {
    format!("{top}\n[[stream]]\nname = \"orders\"\n{stream}\n")
}

/// Asserts that a profile has exactly one problem, at `excerpt`, and that its message is `expected`.
fn refused(text: &str, excerpt: &str, expected: &str) {
    let error = Profile::from_text(text, "p.toml").expect_err(text);
    let problems: Vec<_> = error.problems().collect();
    let said: Vec<String> = problems.iter().map(|problem| problem.one_line()).collect();
    assert_eq!(problems.len(), 1, "{said:?}\n{text}");
    assert!(said[0].contains(expected), "wanted `{expected}`: {said:?}");
    assert_eq!(problems[0].excerpt(), Some(excerpt), "{said:?}");
    let line = text[..text.find(excerpt).unwrap()].matches('\n').count() + 1;
    assert_eq!(problems[0].line(), Some(line), "{said:?}");
}

/// For rules of one stream, with a valid duration and rate.
fn stream_refused(stream: &str, excerpt: &str, expected: &str) {
    refused(&profile("duration = \"60s\"", &format!("rate = \"1k/s\"\n{stream}")), excerpt, expected);
}

#[test]
fn what_the_direct_client_does_not_do_is_refused() {
    let refused = |more: &str, expected: &str| stream_refused(&format!("client = \"direct\"\n{more}"), more, expected);
    refused("delivery = \"exactly-once\"", "only delivers at least once");
    refused("delivery = \"best-effort\"", "only delivers at least once");
    refused("compression = \"gzip\"", "by lz4 or zstd");
    stream_refused(
        "client = \"direct\"\ncompression = \"lz4\"\ncompression_level = 3",
        "compression_level = 3",
        "no levels of lz4",
    );
}

#[test]
fn a_profile_has_streams_that_differ() {
    refused("duration = \"1s\"", "", "the profile has no stream");
    let second = |lines: &str| profile("duration = \"1s\"", "rate = \"1/s\"") + "[[stream]]\nrate = \"1/s\"\n" + lines;
    let error = Profile::from_text(&second("name = \"orders\""), "p.toml").unwrap_err().to_string();
    assert_eq!(error, "p.toml, line 7: there are two streams named `orders`");
    refused(&second("name = \"b\"\ntopic = \"floodmark-orders\""), "topic = \"floodmark-orders\"", "both send to");
    let one = |number: usize| format!("[[stream]]\nname = \"s{number}\"\nrate = \"1/s\"\n");
    let many: String = (0..=MAX_STREAMS).map(one).collect();
    let error = Profile::from_text(&format!("duration = \"1s\"\n{many}"), "p.toml").unwrap_err().to_string();
    assert!(error.contains("the profile has 65 streams (limit 64)"), "{error}");
}

#[test]
fn names_are_what_kafka_and_files_take() {
    stream_refused("topic = \"a b\"", "topic = \"a b\"", "cannot contain ` `");
    stream_refused("topic = \"\"", "topic = \"\"", "cannot be empty");
    stream_refused("topic = \"..\"", "topic = \"..\"", "cannot be called `..`");
    let long = format!("topic = \"{}\"", "a".repeat(250));
    stream_refused(&long, &long, "(limit 249)");
    let text = "duration = \"1s\"\n[[stream]]\nrate = \"1/s\"\ntopic = \"t\"\nname = \"../etc\"\n";
    refused(text, "name = \"../etc\"", "cannot contain `/`");
    refused(&text.replace("../etc", ".etc"), "name = \".etc\"", "start with a letter");
}

#[test]
fn a_run_has_a_length_that_leaves_something_to_measure() {
    let text = profile("", "rate = \"1/s\"");
    let error = Profile::from_text(&text, "p.toml").unwrap_err().to_string();
    assert!(error.contains("has no duration; add duration"), "{error}");
    refused(&profile("duration = \"0s\"", "rate = \"1/s\""), "duration = \"0s\"", "nothing would be sent");
    let top = "duration = \"5s\"\nwarmup = \"5s\"";
    refused(&profile(top, "rate = \"1/s\""), "warmup = \"5s\"", "nothing would be left to measure");
    let top = "duration = \"5s\"\nceiling = \"0/s\"";
    refused(&profile(top, "rate = \"1/s\""), "ceiling = \"0/s\"", "nothing would be sent");
}

#[test]
fn a_rate_can_be_sent_and_counted() {
    let rate = |rate: &str| profile("duration = \"60s\"", rate);
    refused(&rate("rate = \"0/s\""), "rate = \"0/s\"", "for silence, add a phase");
    refused(&rate("rate = \"-1/s\""), "\"-1/s\"", "it is negative");
    refused(&rate("rate = \"2G/s\""), "rate = \"2G/s\"", "above the highest possible rate");
    let text = profile("duration = \"30d\"", "rate = \"1G/s\"");
    refused(&text, "rate = \"1G/s\"", "can be numbered");
    assert!(Profile::from_text(&rate("rate = \"1G/s\""), "p.toml").is_ok());
}

#[test]
fn phases_are_whole_and_end() {
    stream_refused("phases = []", "[]", "`phases` is empty");
    stream_refused("phases = [{ rate = \"2x\" }]", "{ rate = \"2x\" }", "has no length");
    stream_refused("phases = [{ for = \"0s\" }]", "for = \"0s\"", "would do nothing");
    stream_refused("phases = [{ for = \"2s\", ramp = \"3s\" }]", "ramp = \"3s\"", "longer than its phase of 2s");
    stream_refused("phases = [{ for = \"2s\", repeat = 0 }]", "repeat = 0", "would never run");
    stream_refused(
        "phases = [{ for = \"2s\", phases = [{ for = \"1s\" }] }]",
        "for = \"2s\"",
        "cannot have `for` itself",
    );
    stream_refused("phases = [{ for = \"2s\", rate = \"2000000x\" }]", "rate = \"2000000x\"", "2000000x of 1k/s");
    stream_refused("phases = [{ for = \"61s\" }]", "phases", "longer than the run's 1m");
    let forever = "phases = [{ repeat = 4000000000, phases = [{ for = \"9d\", repeat = 4000000000 }] }]";
    stream_refused(forever, "phases", "longer than 292 years");
    let silent = profile("", "rate = \"1/s\"\nphases = [{ for = \"5s\" }, { for = \"5s\", rate = \"0/s\" }]");
    assert_eq!(Profile::from_text(&silent, "p.toml").unwrap().profile.duration(), Span::from_secs(10));
}

#[test]
fn bursts_are_described_where_they_are_asked_for() {
    stream_refused("arrivals = \"on-off\"", "arrivals = \"on-off\"", "the lengths of a burst");
    stream_refused("on_off = { on = \"1s\", off = \"1s\" }", "on_off", "only applies with arrivals = \"on-off\"");
    let bursts = |table: &str| format!("arrivals = \"on-off\"\non_off = {table}");
    stream_refused(&bursts("{ on = \"0s\", off = \"1s\" }"), "on = \"0s\"", "`on` is 0s");
    let steep = bursts("{ on = \"1ns\", off = \"1d\", keeps = \"mean\" }");
    stream_refused(&steep, "keeps = \"mean\"", "above the highest possible rate");
}

#[test]
fn partitions_and_producers_are_within_bounds() {
    stream_refused("partitions = 0", "partitions = 0", "1 to 16384");
    stream_refused("partitions = 16385", "16385", "1 to 16384");
    stream_refused("producers = 0", "producers = 0", "1 to 4096");
    stream_refused("producers = 5000", "5000", "1 to 4096");
    let lines = "delivery = \"exactly-once\"\ntransaction = \"0s\"";
    stream_refused(lines, "transaction = \"0s\"", "too short");
}

#[test]
fn keys_are_drawn_by_a_rule_that_is_complete() {
    let keys = |inner: &str, excerpt: &str, expected: &str| {
        stream_refused(&format!("keys = {{ {inner} }}"), excerpt, expected);
    };
    keys("count = 0", "count = 0", "at least one key");
    keys("exponent = 1.5", "exponent = 1.5", "only applies with distribution = \"zipf\"");
    keys("distribution = \"zipf\", exponent = 0.0", "exponent = 0.0", "above 0");
    keys("distribution = \"zipf\", exponent = nan", "exponent = nan", "is NaN");
    keys("distribution = \"zipf\", exponent = inf", "exponent = inf", "is inf");
    keys("hot = 3", "hot = 3", "only applies with distribution = \"hot-set\"");
    keys("distribution = \"hot-set\", hot = 3", "distribution = \"hot-set\"", "add hot_share");
    keys("distribution = \"hot-set\", hot_share = 0.5", "distribution = \"hot-set\"", "add hot = 10");
    keys("distribution = \"hot-set\", hot = 1000, hot_share = 0.5", "hot = 1000", "`hot` is 1000 of 1000 keys");
    keys("distribution = \"hot-set\", hot = 3, hot_share = 1.5", "hot_share = 1.5", "from 0 to 1");
    let long = format!("prefix = \"{}\"", "k".repeat(65));
    keys(&long, &long, "limit 64");
}

#[test]
fn payloads_can_be_built_and_sent() {
    let payload = |inner: &str, excerpt: &str, expected: &str| {
        stream_refused(&format!("payload = {{ {inner} }}"), excerpt, expected);
    };
    payload("size = \"1KiB\", filler = \"1KiB\"", "filler = \"1KiB\"", "cannot be set together");
    payload("min = \"1KiB\"", "min = \"1KiB\"", "only applies with sizes");
    payload("max = \"1KiB\"", "max = \"1KiB\"", "only applies with sizes");
    payload("sigma = 0.5", "sigma = 0.5", "only applies with sizes = \"log-normal\"");
    payload("sizes = \"uniform\", min = \"1KiB\"", "sizes = \"uniform\"", "uniform sizes need `max`");
    payload("sizes = \"uniform\", min = \"2KiB\", max = \"1KiB\"", "min = \"2KiB\"", "above `max`");
    payload("sizes = \"log-normal\"", "sizes = \"log-normal\"", "need `sigma`");
    payload("sizes = \"log-normal\", sigma = nan", "sigma = nan", "is NaN");
    payload("sizes = \"log-normal\", sigma = 1, filler = \"1B\"", "filler = \"1B\"", "cannot be set by `filler`");
    let outside = "sizes = \"log-normal\", sigma = 1, size = \"1KiB\", max = \"600B\"";
    payload(outside, "size = \"1KiB\"", "is not between");
    payload("size = \"100B\"", "size = \"100B\"", "take 192B of JSON");
    payload("size = \"65MiB\"", "size = \"65MiB\"", "(limit 64MiB)");
    payload("filler = \"64MiB\"", "filler = \"64MiB\"", "(limit 64MiB)");
    let long = format!("keys = {{ prefix = \"{}\" }}\npayload = {{ size = \"200B\" }}", "k".repeat(60));
    stream_refused(&long, "size = \"200B\"", "take 234B of JSON");
    let binary = profile("duration = \"1s\"", "rate = \"1/s\"\npayload = { codec = \"binary\", size = \"10B\" }");
    assert!(Profile::from_text(&binary, "p.toml").is_ok());
}

#[test]
fn clocks_are_wrong_in_one_way_each() {
    let skew = |inner: &str, excerpt: &str, expected: &str| {
        stream_refused(&format!("skew = {{ {inner} }}"), excerpt, expected);
    };
    skew("offsets = [\"1s\"], spread = \"1s\"", "spread = \"1s\"", "cannot be set together");
    skew("offsets = []", "[]", "is empty");
    skew("offsets = [\"1s\", \"1s\", \"1s\", \"1s\", \"1s\"]", "offsets", "5 offsets for 4 producers");
    skew("drift_ppm = nan", "drift_ppm = nan", "is NaN");
    skew("drift_ppm = -5.0", "drift_ppm = -5.0", "must not be negative");
    skew("step = { at = \"1s\", by = \"1s\", share = 2 }", "share = 2", "from 0 to 1");
    skew("absurd = { share = -0.1, offset = \"1d\" }", "share = -0.1", "from 0 to 1");
}

#[test]
fn lateness_and_retries_are_within_bounds() {
    let late = |inner: &str, excerpt: &str, expected: &str| {
        stream_refused(&format!("lateness = {{ {inner} }}"), excerpt, expected);
    };
    late("share = 1.1, median = \"1s\"", "share = 1.1", "from 0 to 1");
    late("share = nan, median = \"1s\"", "share = nan", "from 0 to 1");
    late("share = 0.1, median = \"0s\"", "median = \"0s\"", "no event would be late");
    late("share = 0.1, median = \"2s\", cap = \"1s\"", "cap = \"1s\"", "below the median");
    late("share = 0.1, median = \"2s\", sigma = 1", "sigma = 1", "only applies with distribution = \"log-normal\"");
    late("share = 0.1, median = \"2s\", tail = 1", "tail = 1", "only applies with distribution = \"pareto\"");
    let pareto = "share = 0.1, median = \"2s\", distribution = \"pareto\", tail = -1.0";
    late(pareto, "tail = -1.0", "above 0");
    let retry = |inner: &str, excerpt: &str, expected: &str| {
        stream_refused(&format!("retries = {{ share = 0.1, {inner} }}"), excerpt, expected);
    };
    retry("again = 2", "again = 2", "from 0 to 1");
    retry("lost_first = inf", "lost_first = inf", "from 0 to 1");
    retry("attempts = 0", "attempts = 0", "1 to 10");
    retry("attempts = 11", "11", "1 to 10");
    retry("base = \"0s\"", "base = \"0s\"", "`base` is 0s");
    retry("base = \"11s\"", "base = \"11s\"", "longer than `cap`, which is 10s");
}

#[test]
fn limits_and_stages_can_be_kept_and_read() {
    stream_refused("slo = { ack_p99 = \"0s\" }", "ack_p99 = \"0s\"", "no system can meet");
    let crossed = "slo = { end_to_end_p50 = \"2s\", end_to_end_p99 = \"1s\" }";
    stream_refused(crossed, "end_to_end_p99 = \"1s\"", "below `end_to_end_p50`");
    let stage = |inner: &str, excerpt: &str, expected: &str| {
        stream_refused(&format!("stage = [{{ topic = \"out\", {inner} }}]"), excerpt, expected);
    };
    stage("name = \"a\", id = \"meta.id\"", "id = \"meta.id\"", "neither a JSON pointer nor a header");
    stage("name = \"a\", sent = \"text\"", "sent = \"text\"", "neither a JSON pointer nor a header");
    stage("name = \"a\", due = \"header:\"", "due = \"header:\"", "names no header");
    stage("name = \"a\", quiet = \"0s\"", "quiet = \"0s\"", "count as lost");
    stage("name = \"a b\"", "name = \"a b\"", "cannot contain ` `");
    let twins = "[[stream.stage]]\nname = \"a\"\ntopic = \"x\"\n[[stream.stage]]\ntopic = \"y\"\nname =  \"a\"";
    stream_refused(twins, "name =  \"a\"", "two stages named `a`");
}

/// A stream with one watermark model of these keys.
fn model_refused(model: &str, excerpt: &str, expected: &str) {
    stream_refused(&format!("[[stream.watermark]]\n{model}"), excerpt, expected);
}

#[test]
fn a_watermark_model_is_one_that_its_engine_has() {
    model_refused("engine = \"flink\"", "[[stream.watermark]]", "flink needs a bound");
    model_refused(
        "engine = \"kafka-streams\"\nbound = \"5s\"\nwindow = \"tumbling:1s\"",
        "bound = \"5s\"",
        "but kafka-streams has no bound",
    );
    let flink = |window: &str| format!("engine = \"flink\"\nbound = \"0s\"\nwindow = \"{window}\"");
    for (window, expected) in [
        ("sliding:10s", "flink has no windows like sliding:10s; its sliding"),
        ("hopping:3s/10s", "is shorter than its hop"),
        ("tumbling:0s", "has a length of 0s"),
        ("tumbling:1500us", "not a whole number of milliseconds"),
        ("hopping:1d/1s", "puts each event into 86400 windows"),
        ("tumbling:10", "it has no unit"),
        ("hopping:10s", "it has no hop"),
        ("weekly:1d", "`weekly` is not a kind of window"),
    ] {
        let line = format!("window = \"{window}\"");
        let text = profile("duration = \"60s\"", &format!("rate = \"1k/s\"\n[[stream.watermark]]\n{}", flink(window)));
        let said = Profile::from_text(&text, "p.toml").unwrap_err().to_string();
        assert!(said.contains(expected), "{line}: {said}");
    }
    let sql = "engine = \"flink-sql\"\nbound = \"5s\"\nwindow = \"hopping:10s/3s\"";
    model_refused(sql, "window = \"hopping:10s/3s\"", "the size must be a multiple of the hop");
    let tasks = "engine = \"spark\"\nbound = \"5s\"\nsource_tasks = 2";
    model_refused(tasks, "source_tasks = 2", "`source_tasks` does not apply to spark");
    model_refused("engine = \"flink\"\nbound = \"5s\"\nsource_tasks = 0", "source_tasks = 0", "from 1 to 32768");
    let streams = "engine = \"kafka-streams\"";
    model_refused(streams, "[[stream.watermark]]", "kafka-streams without windows drops nothing");
    let spark = "engine = \"spark\"\nbound = \"5s\"\nallowed_lateness = \"1s\"";
    model_refused(spark, "allowed_lateness = \"1s\"", "spark has no allowed lateness");
    let idle = "engine = \"spark\"\nbound = \"5s\"\nidleness = \"1s\"";
    model_refused(idle, "idleness = \"1s\"", "spark has no idleness");
    model_refused("engine = \"flink\"\nbound = \"5s\"\nstage = \"out\"", "stage = \"out\"", "has no stage `out`");
}

#[test]
fn a_hop_need_not_divide_the_size_where_the_engine_takes_it() {
    for (engine, bound) in
        [("flink", "bound = \"5s\""), ("spark", "bound = \"5s\""), ("beam", "bound = \"5s\""), ("kafka-streams", "")]
    {
        let model = format!("[[stream.watermark]]\nengine = \"{engine}\"\n{bound}\nwindow = \"hopping:10s/3s\"\n");
        let text = profile("duration = \"60s\"", &format!("rate = \"1k/s\"\n{model}"));
        assert!(Profile::from_text(&text, "p.toml").is_ok(), "{engine}");
    }
}

#[test]
fn a_limit_on_drops_needs_a_model_and_is_a_number_or_a_share() {
    stream_refused("slo = { watermark_drops = 0 }", "watermark_drops = 0", "needs a watermark model");
    let with_model = |limit: &str| {
        let model = "[[stream.watermark]]\nengine = \"flink\"\nbound = \"5s\"\n";
        let stream = format!("rate = \"1k/s\"\nslo = {{ watermark_drops = {limit} }}\n{model}");
        Profile::from_text(&profile("duration = \"60s\"", &stream), "p.toml")
    };
    let limit = |text: &str| with_model(text).unwrap().profile.streams[0].slo.watermark_drops;
    assert_eq!(limit("3"), Some(crate::profile::CountLimit::Count(3)));
    assert_eq!(limit("\"0.1%\""), Some(crate::profile::CountLimit::Percent(0.1)));
    for wrong in ["\"many\"", "-1", "\"101%\"", "0.5"] {
        assert!(with_model(wrong).unwrap_err().to_string().contains("watermark_drops"), "{wrong}");
    }
}

/// A stream with keys, its own topic's stage, a model of Kafka Streams, and a stage of window results with these keys.
fn results_refused(results: &str, excerpt: &str, expected: &str) {
    let (input, model) = (
        "[[stream.stage]]\nname = \"in\"\ntopic = \"floodmark-orders\"",
        "[[stream.watermark]]\nengine = \"kafka-streams\"\nwindow = \"tumbling:10s\"",
    );
    let stage = format!("[[stream.stage]]\nname = \"out\"\ntopic = \"counts\"\n[stream.stage.results]\n{results}");
    stream_refused(&format!("{model}\n{input}\n{stage}"), excerpt, expected);
}

#[test]
fn window_results_can_be_read_and_compared() {
    let with = |more: &str| format!("start = \"/s\"\ncount = \"/n\"\nwindow = \"tumbling:10s\"\n{more}");
    results_refused(&with("key = \"k\""), "key = \"k\"", "not a place in a message");
    results_refused(&with("end = \"header:\""), "end = \"header:\"", "not a place in a message");
    results_refused(&with("watermark = 1"), "watermark = 1", "has no watermark model 1");
    results_refused(&with("watermark = \"flink\""), "watermark = \"flink\"", "has no watermark model flink");
    results_refused(&with("watermark = \"flunk\""), "\"flunk\"", "did you mean `flink`?");
    let windows = |window: &str| format!("start = \"/s\"\ncount = \"/n\"\nwindow = \"{window}\"");
    results_refused(&windows("sliding:10s"), "window = \"sliding:10s\"", "any number of them");
    results_refused(&windows("session:10s"), "window = \"session:10s\"", "no fixed length");
    results_refused(&format!("{}\nend = \"/e\"", windows("session:0s")), "window = \"session:0s\"", "a length of 0s");
    results_refused(
        &format!("{}\nend = \"/e\"\nupdates = \"add\"", windows("session:10s")),
        "updates = \"add\"",
        "merge instead of adding up",
    );
    results_refused(&windows("hopping:3s/10s"), "window = \"hopping:3s/10s\"", "is shorter than its hop");
    results_refused(&windows("tumbling:0s"), "window = \"tumbling:0s\"", "a length of 0s");
    results_refused(
        &format!("{}\nwatermark = 0", windows("tumbling:5s")),
        "watermark = 0",
        "the results' windows are tumbling:5s",
    );
    let alone = "[[stream.stage]]\nname = \"out\"\ntopic = \"counts\"\nresults = { start = \"/s\", count = \"/n\", window = \"tumbling:1s\" }";
    stream_refused(alone, "results", "no stage observes the stream's own topic");
    let beside = format!("[[stream.stage]]\nname = \"in\"\ntopic = \"floodmark-orders\"\n{alone}");
    let with_id = beside.replace("topic = \"counts\"", "id = \"/id\"\ntopic = \"counts\"");
    stream_refused(&with_id, "id = \"/id\"", "a stage with `results` shows no events");
    stream_refused("slo = { windows_short = 0 }", "windows_short = 0", "needs a stage with window results");
    let late = format!("[[stream.watermark]]\nengine = \"flink\"\nbound = \"1s\"\nstage =  \"out\"\n{beside}");
    stream_refused(&late, "stage =  \"out\"", "not events that could be late");
}

#[test]
fn headers_have_names_that_are_the_users_own_and_texts_that_can_be_written() {
    let header = |line: &str, excerpt: &str, expected: &str| {
        stream_refused(&format!("[stream.headers]\n{line}"), excerpt, expected)
    };
    header("floodmark-id = \"x\"", "floodmark-id = \"x\"", "cannot begin with `floodmark-`, as `floodmark-id` does");
    header("Floodmark-Other = \"x\"", "Floodmark-Other = \"x\"", "these are floodmark's own");
    header("\"\" = \"x\"", "\"\" = \"x\"", "a header's name cannot be empty");
    header("\"a\\u0000b\" = \"x\"", "\"a\\u0000b\" = \"x\"", "cannot contain `\\0`");
    header(
        "a = \"{{tenant}}\"",
        "a = \"{{tenant}}\"",
        "no field is called `tenant`; add [stream.payload.fields.tenant]",
    );
    header("a = \"x {{id\"", "a = \"x {{id\"", "line 1, column 3: `{{` is not closed");
    header("a = \"{{filler}}\"", "a = \"{{filler}}\"", "has no place here");
    let keyless = "keys = { distribution = \"none\" }\n[stream.headers]\na = \"{{key}}\"";
    stream_refused(keyless, "a = \"{{key}}\"", "the header `a` has a place for the key, and the events have none");
    let unused = "[stream.headers]\na = \"x\"\n[stream.payload.fields]\ntenant = { kind = \"uuid\" }";
    stream_refused(unused, "tenant", "nothing has a place for the field `tenant`");
    let used = unused.replace("\"x\"", "\"{{tenant}} of {{key}} at {{due:rfc3339}}\"");
    Profile::from_text(&profile("duration = \"60s\"", &format!("rate = \"1k/s\"\n{used}")), "p.toml").unwrap();
}

#[test]
fn tombstones_and_null_keys_leave_something_that_can_be_checked() {
    stream_refused("payload = { tombstone_share = 2 }", "tombstone_share = 2", "must be from 0 to 1");
    stream_refused("keys = { null_share = -1 }", "null_share = -1", "must be from 0 to 1");
    let together = "keys = { null_share = 0.6 }\npayload = { tombstone_share = 0.5 }";
    stream_refused(together, "tombstone_share = 0.5", "0.5 of the events are tombstones and 0.6 have no key");
    let keyless = "keys = { distribution = \"none\" }\npayload = { tombstone_share = 0.5 }";
    stream_refused(keyless, "tombstone_share = 0.5", "only applies with a distribution of keys other than \"none\"");
    let models = "payload = { tombstone_share = 0.5 }\nwatermark = [{ engine = \"flink\", bound = \"1s\" }]";
    stream_refused(models, "tombstone_share = 0.5", "needs the event time of every event");
    let streams = "keys = { null_share = 0.1 }\nwatermark = [{ engine = \"kafka-streams\", window = \"tumbling:1s\" }]";
    stream_refused(streams, "null_share = 0.1", "Kafka Streams drops records without a key");
}

#[test]
fn weights_and_levels_are_what_a_topic_and_a_codec_have() {
    stream_refused("partition_weights = []", "[]", "`partition_weights` is empty");
    let three = "partitions = 3\npartition_weights = [1, 2]";
    stream_refused(three, "partition_weights", "there are 2 `partition_weights` for 3 partitions");
    stream_refused("partition_weights = [0, 0]", "partition_weights", "at least one above 0");
    stream_refused("partition_weights = [1, -1]", "partition_weights", "a weight must be 0 or more");
    stream_refused("compression = \"lz5\"", "\"lz5\"", "`compression` cannot be \"lz5\"");
    stream_refused("compression_level = 3", "compression_level = 3", "only applies with compression = \"zstd\"");
    let level = |codec: &str, level: u8, expected: &str| {
        let stream = format!("compression = \"{codec}\"\ncompression_level = {level}");
        stream_refused(&stream, &format!("compression_level = {level}"), expected);
    };
    level("snappy", 3, "compression = \"snappy\" has no levels");
    level("gzip", 10, "`compression_level` is 10; gzip has 1 to 9");
    level("zstd", 0, "zstd has 1 to 12");
}

#[test]
fn keys_are_texts_that_can_be_read() {
    stream_refused("keys = { prefix = \"a\\\"b\" }", "prefix = \"a\\\"b\"", "the prefix cannot contain `\\\"`");
    let missing = "template = \"no-such.json\"";
    stream_refused(&format!("keys = {{ {missing} }}"), missing, "the template of keys no-such.json does not exist");
    let folder = "template = \"src\"";
    stream_refused(&format!("keys = {{ {folder} }}"), folder, "src is a folder, not a template of keys");
}
