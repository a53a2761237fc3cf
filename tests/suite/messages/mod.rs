//! Every text for people, in one place each, so that a change of wording is reviewed as a diff.
//!
//! The program's texts are taken from the program: its help, its schemas, and its answers to wrong input.
//! Sentences that need a broken cluster are read from the sources instead (`texts`).
//! After a change of words: `INSTA_UPDATE=always cargo test --release --test suite messages`, then read the diff aloud.

use std::fmt::Write;

use serde_json::Value;

use crate::program::Workshop;

mod profiles;
mod texts;
mod usage;

#[test]
fn the_help_of_every_command() {
    let workshop = Workshop::new();
    let mut shown = String::new();
    let mut commands = vec![Vec::<String>::new()];
    while let Some(command) = commands.pop() {
        let mut arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        arguments.push("--help");
        let help = workshop.call(&arguments).stdout;
        writeln!(shown, "$ floodmark {}\n{help}", arguments.join(" ")).unwrap();
        let subcommands = help.split_once("Commands:\n").map_or("", |(_, rest)| rest.split("\n\n").next().unwrap());
        let names =
            subcommands.lines().filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
        let names = names.map(|line| line.split(' ').next().unwrap()).filter(|name| *name != "help");
        let below = names.map(|name| [&command[..], &[name.to_owned()]].concat());
        commands.extend(below.collect::<Vec<_>>().into_iter().rev());
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn the_keys_of_every_schema() {
    let workshop = Workshop::new();
    let mut shown = String::new();
    for format in ["profile", "summary", "watermark", "compare", "capacity", "capacity-plan", "sweep", "history"] {
        let schema: Value = serde_json::from_str(&workshop.call(&["schema", format]).stdout).unwrap();
        writeln!(shown, "# {format}").unwrap();
        described(&schema, "", &mut shown);
    }
    insta::assert_snapshot!(shown);
}

/// Each description under its path, `$defs` and all.
fn described(value: &Value, path: &str, shown: &mut String) {
    if let Some(text) = value["description"].as_str() {
        writeln!(shown, "{path}: {}", text.replace('\n', " ")).unwrap();
    }
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                let skipped = ["$defs", "properties", "oneOf", "anyOf", "items"].contains(&key.as_str());
                let below = if skipped { path.to_owned() } else { format!("{path}/{key}") };
                described(member, &below, shown);
            }
        }
        Value::Array(items) => {
            for item in items {
                let name = item["const"].as_str().map_or(String::new(), |name| format!("={name}"));
                described(item, &format!("{path}{name}"), shown);
            }
        }
        _ => {}
    }
}

#[test]
fn what_is_said_of_wrong_profiles() {
    let workshop = Workshop::new();
    profiles::curves(&workshop);
    let mut shown = String::new();
    for (top, stream) in profiles::WRONG {
        std::fs::write(workshop.path("p.toml"), profiles::text(top, stream)).unwrap();
        let keys = [*top, *stream].into_iter().filter(|keys| !keys.is_empty()).collect::<Vec<_>>().join(" | ");
        let ended = workshop.call(&["plan", "p.toml", "--json"]);
        writeln!(shown, "{}\n  {}", keys.replace('\n', " | "), ended.stderr).unwrap();
        assert_eq!(ended.code(), Some(2), "{keys}: {}", ended.stderr);
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn what_is_said_of_wrong_usage() {
    let workshop = Workshop::new();
    usage::prepare(&workshop);
    let mut shown = String::new();
    for line in usage::WRONG {
        let arguments: Vec<&str> = line.split(' ').collect();
        writeln!(shown, "$ floodmark {line}\n{}", refusal(&workshop, &arguments)).unwrap();
    }
    insta::assert_snapshot!(shown);
}

/// The program's message when it refuses, and the exit code.
fn refusal(workshop: &Workshop, arguments: &[&str]) -> String {
    let ended = workshop.call(arguments);
    let told = format!("{}{}", ended.stdout, ended.stderr);
    format!("{}\n  exit code {}\n", told.trim_end(), ended.code().unwrap())
}

#[test]
fn what_is_said_in_the_sources() {
    insta::assert_snapshot!(texts::of_the_sources());
}
