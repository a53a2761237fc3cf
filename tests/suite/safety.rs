//! What floodmark must not do: load the wrong cluster or topic, and tell secrets.

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
    const SECRETS: [(&str, &str); 3] =
        [("sasl.password", "hush-one"), ("ssl.key.password", "hush-two"), ("ssl.keystore.password", "hush-four")];
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let profile = workshop.profile(&text(&cluster.topic("secrets")));
    let pairs: Vec<String> = SECRETS.iter().map(|(key, secret)| format!("{key}={secret}")).collect();
    let more: Vec<&str> = pairs.iter().flat_map(|pair| ["-X", pair]).collect();
    let ended = workshop.run(&profile, &cluster.brokers, &more);
    ended.sound();
    let refused = workshop.run(
        &profile,
        &cluster.brokers,
        &[&more[..], &["-X", "sasl.oauthbearer.client.secret=hush-five"]].concat(),
    );
    assert_eq!(refused.code(), Some(2), "{}", refused.stderr);
    let mut told = vec![ended.stdout.clone(), ended.stderr.clone(), refused.stdout.clone(), refused.stderr];
    collect(ended.out.as_ref().unwrap(), &mut told);
    assert!(told.len() > 8, "the run's files were read");
    assert!(told.iter().any(|text| text.contains("sasl.password")), "the manifest names the setting");
    for text in told {
        assert!(!text.contains("hush"), "{text}");
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
