//! What floodmark must not do: load the wrong cluster or topic, or reveal secrets.

use std::fs;
use std::path::Path;

use crate::cluster::Cluster;
use crate::program::Workshop;

fn text(topic: &str) -> String {
    format!("duration = \"1s\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"100/s\"\n")
}

#[test]
fn a_cluster_with_another_id_than_the_confirmed_one_is_not_loaded() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let profile = workshop.profile(&text(&cluster.topic("other-cluster")));
    let ended = workshop.run(&profile, &cluster.brokers, &["--allow-cluster", "not-this-one"]);
    let (code, told) = ended.one_sentence();
    assert!(code == Some(2) && told.contains("not-this-one") && told.contains("nothing was sent"), "{told}");
    assert!(!ended.out.as_ref().unwrap().exists());
}

#[test]
fn a_topic_without_the_mark_needs_permission() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let (there, missing) = (cluster.unmarked_topic("there"), cluster.unmarked_topic("missing"));
    cluster.create(&there, 4);
    for topic in [&there, &missing] {
        let profile = workshop.profile(&text(topic));
        let ended = workshop.run(&profile, &cluster.brokers, &[]);
        let (code, told) = ended.one_sentence();
        assert!(code == Some(2) && told.contains(&format!("--allow-topic {topic}")), "{told}");
        workshop.run(&profile, &cluster.brokers, &["--allow-topic", topic]).sound();
    }
}

#[test]
fn secrets_reach_neither_files_nor_the_screen() {
    const SECRETS: [(&str, &str); 4] = [
        ("sasl.password", "hush-one"),
        ("ssl.key.password", "hush-two"),
        ("ssl.keystore.password", "hush-four"),
        ("sasl.kerberos.kinit.cmd", "echo hush-six | kinit me"),
    ];
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let profile = workshop.profile(&text(&cluster.topic("secrets")));
    let pairs: Vec<String> = SECRETS.iter().map(|(key, secret)| format!("{key}={secret}")).collect();
    let more: Vec<&str> = pairs.iter().flat_map(|pair| ["-X", pair]).collect();
    let ended = workshop.run(&profile, &cluster.brokers, &more);
    ended.sound();
    let mut told = vec![ended.stdout.clone(), ended.stderr.clone()];
    let wrong: [&[&str]; 7] = [
        &["-X", "sasl.oauthbearer.client.secret=hush-five"],
        &["-X", "sasl.pasword=hush-seven"],
        &["-X", "sasl.password:hush-eight"],
        &["-b", "sasl_plain://me:hush-nine@127.0.0.1:9092"],
        &["-X", "bootstrap.servers=me:hush-ten@127.0.0.1:9092"],
        &["sasl.password=hush-eleven"],
        &["--sasl.password=hush-twelve"],
    ];
    for wrong in wrong {
        let profile = profile.to_str().unwrap();
        let refused = workshop.call(&[&["run", profile, "--json"], &more[..], wrong].concat());
        assert_eq!(refused.code(), Some(2), "{wrong:?}: {}", refused.stderr);
        told.extend([refused.stdout, refused.stderr]);
    }
    collect(ended.out.as_ref().unwrap(), &mut told);
    assert!(told.len() > 8, "the run's files were read");
    assert!(told.iter().any(|text| text.contains("sasl.password")), "the manifest names the setting");
    for text in told {
        assert!(!text.contains("hush"), "{text}");
    }
}

/// Escape sequences for a terminal: a title, a clipboard, a cleared screen, a reversed line, an old control character.
const ORDERS: &str = "\u{1b}]0;owned\u{7}\u{1b}]52;c;cm0=\u{7}\u{1b}[2J\r\u{202e}\u{9b}1A";

#[test]
fn no_foreign_text_commands_the_screen() {
    let workshop = Workshop::new();
    let quoted = toml::Value::from(ORDERS).to_string();
    let stream = "[[stream]]\nname = \"s\"\nrate = \"100/s\"\n";
    let sound = workshop.profile(&format!("description = {quoted}\nduration = \"1s\"\n{stream}"));
    let wrong_key = workshop.profile(&format!("{quoted} = 1\nduration = \"1s\"\n{stream}"));
    let wrong_value = workshop.profile(&format!("duration = {quoted}\n{stream}"));
    let raw = workshop.profile(&format!("# {ORDERS}\nduration = 1\n{stream}"));
    let (sound, named) = (sound.to_str().unwrap(), format!("no-such-{ORDERS}.toml"));
    let calls: [&[&str]; 9] = [
        &["run", sound],
        &["plan", sound],
        &["plan", wrong_key.to_str().unwrap()],
        &["plan", wrong_value.to_str().unwrap(), "--json"],
        &["plan", raw.to_str().unwrap()],
        &["plan", &named],
        &["run", sound, "-b", ORDERS],
        &["run", sound, "-X", &format!("{ORDERS}=1")],
        &[ORDERS],
    ];
    for call in calls {
        let ended = workshop.call(call);
        for text in [&ended.stdout, &ended.stderr] {
            let obeyed = |next: char| next.is_control() && next != '\n' && next != '\t' || next == '\u{202e}';
            assert!(!text.contains(obeyed), "{call:?}: {text:?}");
        }
        assert!(ended.stdout.len() + ended.stderr.len() > 0, "{call:?}");
    }
}

#[test]
fn an_error_does_not_repeat_a_value_of_any_length() {
    let workshop = Workshop::new();
    let long = "9".repeat(20_000);
    let stream = "[[stream]]\nname = \"s\"\nrate = \"100/s\"\n";
    let value = workshop.profile(&format!("duration = \"{long}\"\n{stream}"));
    let key = workshop.profile(&format!("duration = \"1s\"\n{long} = 1\n{stream}"));
    let sound = workshop.profile(&format!("duration = \"1s\"\n{stream}"));
    let (value, key, sound) = (value.to_str().unwrap(), key.to_str().unwrap(), sound.to_str().unwrap());
    let pair = format!("linger.ms={long}");
    let set = format!("duration={long}");
    let calls: [&[&str]; 8] = [
        &["plan", value],
        &["plan", value, "--json"],
        &["plan", key],
        &["plan", key, "--json"],
        &["run", sound, "-X", &pair],
        &["plan", sound, "--set", &set],
        &["plan", sound, "--seed", &long],
        &["plan", &long],
    ];
    for call in calls {
        let ended = workshop.call(call);
        let shown = ended.stderr.chars().count();
        assert!((1..2_000).contains(&shown), "{call:?}: {shown} characters");
        assert_eq!(ended.code(), Some(2), "{call:?}");
    }
}

fn collect(folder: &Path, texts: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, texts);
        } else {
            texts.push(String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned());
        }
    }
}
