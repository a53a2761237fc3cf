//! Input from outside, damaged at random: nothing panics, hangs or reserves memory for what it claims. A few hundred tries for each target
//! with fixed seeds; `scripts/fuzz` runs for a given time, with other seeds (FLOODMARK_FUZZ_SEED, FLOODMARK_FUZZ_SECONDS).

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use floodmark::broker::{Broker, BrokerConfig};
use floodmark::conclude::read_run;
use floodmark::consume::extract::{Extractor, Layout};
use floodmark::consume::recorded::read_recorded;
use floodmark::curve::import::{Options, import};
use floodmark::kafka::ClientSettings;
use floodmark::merge::merge_parts;
use floodmark::profile::Profile;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use crate::program::Workshop;

/// Tries for each target when no time is given.
const TRIES: u64 = 300;

/// Damages a seed input repeatedly, and passes it to `target`. The seed of a try that panics is in the message on standard error.
fn fuzz(name: &str, seeds: &[Vec<u8>], mut target: impl FnMut(&[u8])) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let first = number("FLOODMARK_FUZZ_SEED").unwrap_or(1);
    let deadline = number("FLOODMARK_FUZZ_SECONDS").map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let goes_on = |tried: u64| deadline.map_or(tried < TRIES, |deadline| Instant::now() < deadline);
    let mut tried = 0;
    while goes_on(tried) {
        let seed = first.wrapping_add(tried);
        let mut random = SmallRng::seed_from_u64(seed);
        let mut input = seeds[random.random_range(0..seeds.len())].clone();
        for _ in 0..random.random_range(1..8) {
            damage(&mut input, &mut random);
        }
        // Shown only if the try fails.
        println!("{name}: seed {seed}, {} bytes", input.len());
        target(&input);
        tried += 1;
    }
    eprintln!("{name}: {tried} tries from seed {first}");
}

/// What a cut connection, an editor or an attacker does to a file.
fn damage(input: &mut Vec<u8>, random: &mut SmallRng) {
    const PIECES: [&[u8]; 14] = [
        b"99999999999999999999",
        b"-1",
        b"\"",
        b"'",
        b"[",
        b"{{{{",
        b"\n",
        b"\xEF\xBB\xBF",
        b"\xFF\xFE",
        b"\0",
        b"=",
        b"1e308",
        b"${a:b}",
        b",,,",
    ];
    let at = random.random_range(0..=input.len());
    let length = random.random_range(0..=(input.len() - at).min(40));
    match random.random_range(0..6) {
        0 => input.truncate(at),
        1 => drop(input.drain(at..at + length)),
        2 => drop(input.splice(at..at, PIECES[random.random_range(0..PIECES.len())].iter().copied())),
        3 => {
            let again = input[at..at + length].to_vec();
            let to = random.random_range(0..=input.len());
            drop(input.splice(to..to, again));
        }
        4 if at < input.len() => input[at] = random.random(),
        _ if at < input.len() => input[at] ^= 1 << random.random_range(0..8),
        _ => {}
    }
}

fn files(folder: &str, ending: &str) -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut names: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names.retain(|name| name.is_file() && name.to_str().is_some_and(|name| name.ends_with(ending)));
    names.iter().map(|name| fs::read(name).unwrap()).collect()
}

#[test]
fn profiles() {
    fuzz("profiles", &files("profiles", ".toml"), |input| {
        let _ = Profile::from_text(&String::from_utf8_lossy(input), "fuzz.toml").map_err(|error| error.to_string());
    });
}

#[test]
fn properties() {
    let seed = "bootstrap.servers=here:9092\nsecurity.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nmax.request.size=1000\n\
        sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username='u' \\\n password=\"\\101\";\n\
        acks=all\nssl.endpoint.identification.algorithm=\ncompression.type=zstd\ncompression.zstd.level=3\n";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("client.properties");
    fuzz("properties", &[seed.as_bytes().to_vec()], |input| {
        fs::write(&file, input).unwrap();
        let _ = ClientSettings::gather(None, Some(&file), &[]).map(|settings| settings.remarks());
    });
}

#[test]
fn curves() {
    let seeds = [
        "timestamp,count\n2030-01-31T11:00:00Z,5\n2030-01-31T11:01:00Z,7\n2030-01-31T11:02:00Z,0\n",
        "time;value\n1893456000;1,5\n1893456060;2,5\n1893456120;3\n",
        r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a":"b"},"values":[[1893456000,"1"],[1893456060,"2"]]}]}}"#,
        r#"{"Label":"x","Timestamps":["2030-01-31T11:00:00Z","2030-01-31T11:01:00Z"],"Values":[1.0,2.0]}"#,
        r#"{"series":[{"metric":"m","interval":60,"pointlist":[[1893456000000.0,1.0],[1893456060000.0,2.0]]}]}"#,
    ];
    let seeds = seeds.map(|seed| seed.as_bytes().to_vec());
    fuzz("curves", &seeds, |input| {
        let _ = import(input, &Options::default()).map_err(|error| error.to_string());
    });
}

#[test]
fn recorded_streams() {
    let seed = b"event_time,partition\n1000,0\n2030-01-31T11:00:00Z,1\ntick,\n-5,0\n".to_vec();
    let other = b"partition,event_time,appended\n0,1000,1001\n,2000,1999\n1,,3\n".to_vec();
    fuzz("recorded streams", &[seed, other], |input| {
        let _ = read_recorded(input).map_err(|error| error.to_string());
    });
}

#[test]
fn messages() {
    let id = "018f4e2a-7b1c-8d3e-9f40-123456789abc";
    let seeds = [
        format!("{{\"id\":\"{id}\",\"event_time\":1,\"due\":2,\"sent\":3,\"filler\":\"xx\"}}"),
        format!("{{\"a\":{{\"id\":\" {id}\"}},\"due\":\"2\"}}"),
        id.to_owned(),
    ];
    let seeds = seeds.map(String::into_bytes);
    fuzz("messages", &seeds, |input| {
        let _ = Extractor::of_layout(Layout::of_json()).extract(Some(input), |_| None);
        let _ = Extractor::of_layout(Layout::of_headers()).extract(Some(b""), |_| Some(input));
    });
}

#[test]
fn frames() {
    let broker = Broker::start(BrokerConfig { auto_create_topics: true, ..BrokerConfig::default() }).unwrap();
    let frame = |api: i16, version: i16, body: &[u8]| {
        let header = [&api.to_be_bytes()[..], &version.to_be_bytes(), &9_i32.to_be_bytes(), &[0xff, 0xff]].concat();
        [&((header.len() + body.len()) as i32).to_be_bytes()[..], &header, body].concat()
    };
    let topics = [&1_i32.to_be_bytes()[..], &[0, 1, b't']].concat();
    let fetch = [
        &(-1_i32).to_be_bytes()[..],
        &0_i32.to_be_bytes(),
        &1_i32.to_be_bytes(),
        &1000_i32.to_be_bytes(),
        &[0],
        &topics,
        &1_i32.to_be_bytes(),
        &[0; 16],
    ];
    let seeds = [
        frame(18, 0, &[]),
        frame(3, 1, &topics),
        frame(1, 4, &fetch.concat()),
        frame(10, 0, &[0, 1, b'g']),
        frame(19, 0, &topics),
    ];
    fuzz("frames", &seeds, |input| {
        let mut stream = TcpStream::connect(broker.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        // The broker may close before it has read everything: that is its answer.
        let _sent = stream.write_all(input).and_then(|()| stream.shutdown(Shutdown::Write));
        let mut answer = Vec::new();
        let ended = stream.take(1 << 20).read_to_end(&mut answer);
        let is_timeout = |error: &std::io::Error| {
            matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
        };
        assert!(!ended.as_ref().is_err_and(is_timeout), "neither an answer nor an end");
    });
    assert!(broker.unfinished_bytes() < 1 << 20, "{} bytes", broker.unfinished_bytes());
}

#[test]
fn parts_of_a_run() {
    let workshop = Workshop::new();
    let profile = workshop.profile("duration = \"1s\"\n[[stream]]\nname = \"s\"\nrate = \"200/s\"\n");
    let out = workshop.path("whole");
    let ended = workshop.call(&["run", profile.to_str().unwrap(), "--json", "--out", out.to_str().unwrap()]);
    assert!(matches!(ended.code(), Some(0 | 3)), "{}", ended.stderr);
    let mut names: Vec<_> = [out.clone(), out.join("ledger")]
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()))
        // The report can be made again from the others, and nobody reads it back.
        .filter(|path| path.is_file() && !path.ends_with("report.html"))
        .collect();
    names.sort();
    for name in names {
        let sound = fs::read(&name).unwrap();
        let mut tried = 0_u32;
        fuzz(
            &format!("parts of a run, {}", name.file_name().unwrap().to_string_lossy()),
            std::slice::from_ref(&sound),
            |input| {
                fs::write(&name, input).unwrap();
                let merged = workshop.fresh("merged");
                let taken = merge_parts(std::slice::from_ref(&out), Some(&merged));
                let is_manifest = name.ends_with("manifest.toml");
                assert!(input == sound || is_manifest || taken.is_err(), "{}: damaged, and taken", name.display());
                let _ = read_run(&out).map_err(|error| error.to_string());
                let _ = fs::remove_dir_all(&merged);
                tried += 1;
            },
        );
        assert!(tried > 0);
        fs::write(&name, sound).unwrap();
    }
}
