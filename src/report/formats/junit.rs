//! JUnit XML, as CI systems show it: valid by the schema of Jenkins' xUnit plugin (junit-10.xsd), which the others read, too.

mod night;
mod search;
mod suites;

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use self::night::document_of_night;
use self::search::document_of_search;
use self::suites::{Case, Document, Suite, document_of};
use super::places::Outcome;
use super::{Ending, Format, Night, NoResult, Searched};
use crate::report::screen::clean;

pub(super) const JUNIT: Format =
    Format { name: "junit", is_for_machines: false, print, print_search, print_night, print_error: Some(print_error) };

fn print(ending: &Ending<'_>) -> Result<Vec<u8>, String> {
    junit(&document_of(ending.summary)).map_err(|error| error.to_string())
}

fn print_search(searched: &Searched<'_>) -> Result<Vec<u8>, String> {
    junit(&document_of_search(searched.record)).map_err(|error| error.to_string())
}

fn print_night(night: &Night<'_>) -> Result<Vec<u8>, String> {
    junit(&document_of_night(night.decision)).map_err(|error| error.to_string())
}

fn print_error(error: &NoResult<'_>) -> Result<Vec<u8>, String> {
    junit_of_error(error).map_err(|error| error.to_string())
}

/// A suite with one case, which erred: a CI system that finds no suite says nothing, or that all is well.
fn junit_of_error(error: &NoResult<'_>) -> io::Result<Vec<u8>> {
    let counts = [("tests", "1"), ("failures", "0"), ("errors", "1")];
    let case =
        Case { name: "start".to_owned(), outcome: Outcome::Erred, kind: Some(error.code), text: error.text.to_owned() };
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    xml.create_element("testsuites")
        .with_attribute(("name", "floodmark"))
        .with_attributes(counts)
        .write_inner_content(|xml| {
            let suite = xml.create_element("testsuite").with_attribute(("name", "run")).with_attributes(counts);
            suite.write_inner_content(|xml| write_case(xml, "floodmark", &case))?;
            Ok(())
        })?;
    Ok(ended(xml))
}

fn ended(xml: Writer<Vec<u8>>) -> Vec<u8> {
    let mut bytes = xml.into_inner();
    bytes.push(b'\n');
    bytes
}

fn junit(document: &Document) -> io::Result<Vec<u8>> {
    let suites = &document.suites;
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let of_all = |outcome| suites.iter().map(|suite| suite.count(outcome)).sum::<usize>().to_string();
    xml.create_element("testsuites")
        .with_attributes([
            ("name", xml_text(&document.name).as_str()),
            ("tests", &suites.iter().map(|suite| suite.cases.len()).sum::<usize>().to_string()),
            ("failures", &of_all(Outcome::Failed)),
            ("errors", &of_all(Outcome::Erred)),
        ])
        .with_attributes(document.time_s.map(|time_s| ("time", time_text(time_s))).iter().map(pair))
        .write_inner_content(|xml| suites.iter().try_for_each(|suite| write_suite(xml, suite, document)))?;
    Ok(ended(xml))
}

fn write_suite(xml: &mut Writer<Vec<u8>>, suite: &Suite, document: &Document) -> io::Result<()> {
    let of = |outcome| suite.count(outcome).to_string();
    let time = document.time_s.map(|time_s| ("time", time_text(time_s)));
    let started = document.started.as_ref().map(|started| ("timestamp", xml_text(started)));
    xml.create_element("testsuite")
        .with_attributes([
            ("name", xml_text(&suite.name).as_str()),
            ("tests", &suite.cases.len().to_string()),
            ("failures", &of(Outcome::Failed)),
            ("errors", &of(Outcome::Erred)),
            ("skipped", &of(Outcome::Skipped)),
        ])
        .with_attributes(time.iter().chain(&started).map(pair))
        .write_inner_content(|xml| {
            write_properties(xml, suite)?;
            suite.cases.iter().try_for_each(|case| write_case(xml, &suite.class, case))
        })?;
    Ok(())
}

fn pair<'a>((name, value): &'a (&'static str, String)) -> (&'a str, &'a str) {
    (name, value)
}

/// Which run or search this was, and at which topic.
fn write_properties(xml: &mut Writer<Vec<u8>>, suite: &Suite) -> io::Result<()> {
    xml.create_element("properties").write_inner_content(|xml| {
        for (name, value) in &suite.facts {
            let value = xml_text(value);
            xml.create_element("property")
                .with_attributes([("name", *name), ("value", value.as_str())])
                .write_empty()?;
        }
        Ok(())
    })?;
    Ok(())
}

fn write_case(xml: &mut Writer<Vec<u8>>, class: &str, case: &Case) -> io::Result<()> {
    let text = xml_text(&case.text);
    let first = text.lines().next().unwrap_or_default();
    let name = xml_text(&case.name);
    let element = match case.outcome {
        Outcome::Passed => "system-out",
        Outcome::Failed => "failure",
        Outcome::Erred => "error",
        Outcome::Skipped => "skipped",
    };
    xml.create_element("testcase")
        .with_attributes([("name", name.as_str()), ("classname", &xml_text(class))])
        .write_inner_content(|xml| {
            let said = xml.create_element(element).with_attributes(case.kind.map(|kind| ("type", kind)));
            let said = if case.outcome == Outcome::Passed { said } else { said.with_attribute(("message", first)) };
            said.write_text_content(BytesText::new(&text))?;
            Ok(())
        })?;
    Ok(())
}

/// Seconds as the schema takes them: digits and a point.
fn time_text(seconds: f64) -> String {
    if seconds.is_finite() && seconds > 0.0 { format!("{seconds:.3}") } else { "0".to_owned() }
}

/// Text without the characters that XML 1.0 forbids: those that a terminal obeys are shown as everywhere, `\u001b`, and the two others
/// that are no characters become U+FFFD.
fn xml_text(text: &str) -> String {
    clean(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

#[cfg(test)]
mod tests;
