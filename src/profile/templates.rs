//! The templates and samples of all of a profile's streams, and the lists that their fields are drawn from: read, and recorded so that they
//! can be found again.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{
    Keys, Payload, Profile, Records, Stream,
    fault::{Fault, Faults},
    kept_samples::{CutSamples, KeptSamples, MOST_SAMPLES_BYTES},
    load::text_of,
};
use crate::event::place::Part;
use crate::payload::template::{Draw, Escape, Sample, SampleForm, SamplePlaces, SamplesError};
use crate::payload::{Field, KeyForm, KeyText, Template};

/// The largest template: what it makes is at most as large as a message may be.
const MAX_TEMPLATE_BYTES: u64 = 8 << 20;
/// The largest template of a key.
const MAX_KEY_BYTES: u64 = 1 << 16;
/// The largest list of values.
const MAX_LIST_BYTES: u64 = 512 << 20;

/// What is wrong with a file, and the way out.
pub(super) type Refused = (String, &'static str);

const RELATIVE: &str = "the path is relative to the profile's folder";

impl Profile {
    /// Reads the template and sample files of all streams, and their lists. Paths are relative to `folder`.
    ///
    /// # Errors
    /// Every file that cannot be used, at its key.
    pub fn read_templates(&mut self, folder: &Path) -> Result<(), Vec<Fault>> {
        let mut list = Vec::new();
        let mut faults = Faults::new(&mut list);
        for (index, stream) in self.streams.iter_mut().enumerate() {
            stream.read_texts(folder, &mut faults.at_index("stream", index));
        }
        if list.is_empty() { Ok(()) } else { Err(list) }
    }
}

impl Stream {
    fn read_texts(&mut self, folder: &Path, faults: &mut Faults<'_>) {
        let before = faults.len();
        read_lists(&mut self.payload.fields, folder, &mut faults.at("payload"));
        // Texts are read with the rules of their fields: a rule that is wrong is told first.
        if faults.len() > before {
            return;
        }
        self.payload.read_message(folder, self.producers, &mut faults.at("payload"));
        let records = self.records.as_mut();
        let payloads = records.and_then(|records| records.read_file(folder, &mut faults.at("records")));
        if let Some(payloads) = payloads {
            self.payload.read_recorded(payloads, self.producers, &mut faults.at("payload"));
        }
        self.read_headers(faults);
        self.keys.read_template(folder, &self.payload.fields, &mut faults.at("keys"));
    }

    fn read_headers(&mut self, faults: &mut Faults<'_>) {
        for (name, text) in &self.headers {
            match Template::beside_payload(text, &self.payload.fields) {
                Ok(template) => self.read_headers.push((name.as_str().into(), Arc::new(template))),
                Err(error) => faults.at("headers").add_named(name, error.to_string()),
            }
        }
    }
}

impl Keys {
    fn read_template(&mut self, folder: &Path, fields: &BTreeMap<String, Field>, faults: &mut Faults<'_>) {
        let Some(name) = &self.template else { return };
        let text = match read_text(&folder.join(name), MAX_KEY_BYTES, "template of keys") {
            Ok(text) => text,
            Err((message, help)) => return faults.add_help("template", message, help),
        };
        match KeyText::new(&text, Escape::of_file(name), fields) {
            Ok(text) => self.read = Some(KeyForm::Text(Arc::new(text))),
            Err(error) => faults.add("template", format!("{name}, {error}")),
        }
    }
}

impl Payload {
    fn read_message(&mut self, folder: &Path, producers: u16, faults: &mut Faults<'_>) {
        if let Some(name) = self.samples.clone() {
            return self.read_samples(&name, folder, producers, faults);
        }
        let Some(name) = self.template.clone() else { return };
        match read_text(&folder.join(&name), MAX_TEMPLATE_BYTES, "template") {
            Ok(text) => self.compile(&name, &text, faults),
            Err((message, help)) => faults.add_help("template", message, help),
        }
    }

    fn compile(&mut self, name: &str, text: &str, faults: &mut Faults<'_>) {
        match Template::new(text, Escape::of_file(name), &self.fields, &self.headers) {
            Ok(template) => self.read = Some(Arc::new(template)),
            Err(error) => return faults.add("template", format!("{name}, {error}")),
        }
        self.compare_fingerprint(name, faults);
    }

    fn read_samples(&mut self, name: &str, folder: &Path, producers: u16, faults: &mut Faults<'_>) {
        let draw = self.draw.unwrap_or_default();
        let (form, kept) = match read_samples(&folder.join(name), draw) {
            Ok(read) => read,
            Err((message, help)) => return faults.add_help("samples", message, help),
        };
        let (samples, cut) = kept.finish();
        self.cut_samples = cut;
        match Template::of_samples(samples, form, &self.places(), draw, producers) {
            Ok(samples) => self.read = Some(Arc::new(samples)),
            Err(error) => return faults.add("samples", format!("{name}, {error}")),
        }
        self.compare_fingerprint(name, faults);
    }

    /// The payloads of records, each with its own record. Where nothing says that a part stands in them, they may be anything.
    fn read_recorded(&mut self, payloads: Vec<Vec<u8>>, producers: u16, faults: &mut Faults<'_>) {
        let payloads = (1..).zip(payloads).map(|(line, bytes)| Sample { line, bytes }).collect();
        let places = self.places();
        let form = if places.at.is_empty() { SampleForm::Files } else { SampleForm::Recorded };
        match Template::of_samples(payloads, form, &places, Draw::InOrder, producers) {
            Ok(samples) => self.read = Some(Arc::new(samples)),
            Err(SamplesError::Line { line, what }) => {
                faults.add_here(
                    format!("record {line}, in the order of their times: {what}"),
                    "mend it, or leave it out",
                );
            }
            Err(error) => {
                faults.add_here(format!("the payloads of the records: {error}"), "say where the id is written")
            }
        }
        self.compare_fingerprint("the records", faults);
    }

    /// Where the parts are written into samples.
    fn places(&self) -> SamplePlaces {
        let written = [
            (Part::Id, &self.id),
            (Part::EventTime, &self.event_time),
            (Part::Due, &self.due),
            (Part::Sent, &self.sent),
        ];
        let at = written.into_iter().filter_map(|(part, place)| Some((part, place.clone()?))).collect();
        SamplePlaces { at, in_headers: self.headers.clone() }
    }

    fn compare_fingerprint(&self, name: &str, faults: &mut Faults<'_>) {
        let found = self.read.as_ref().map(|template| template.fingerprint());
        if let (Some(pinned), Some(found)) = (&self.fingerprint, found)
            && *pinned != found
        {
            let message = format!("the fingerprint of {name} is {found}, not the one in the profile");
            faults.add_help("fingerprint", message, "name the right file, or remove `fingerprint`");
        }
    }
}

fn read_samples(path: &Path, draw: Draw) -> Result<(SampleForm, KeptSamples), Refused> {
    const FORMS: &str = "samples are a .jsonl or .csv file, or a folder of files";
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let mut kept = KeptSamples::new(draw, MOST_SAMPLES_BYTES);
    let (form, read) = match ending.as_str() {
        _ if path.is_dir() => (SampleForm::Files, read_files(path, &mut kept)),
        "jsonl" | "ndjson" | "json" => (SampleForm::JsonLines, read_lines(path, &mut kept)),
        "csv" => (SampleForm::Csv, read_lines(path, &mut kept)),
        _ => return Err((format!("{} is not a file of samples", path.display()), FORMS)),
    };
    read.map_err(|error| unreadable(path, "file of samples", &error))?;
    Ok((form, kept))
}

/// The lines of a file of any size, one at a time.
fn read_lines(path: &Path, kept: &mut KeptSamples) -> io::Result<()> {
    let mut reader = io::BufReader::new(fs::File::open(path)?);
    let mut line = Vec::new();
    while kept.wants_more() && reader.read_until(b'\n', &mut line)? > 0 {
        while line.last().is_some_and(|last| matches!(last, b'\n' | b'\r')) {
            line.pop();
        }
        kept.see(&line);
        line.clear();
    }
    Ok(())
}

/// The files of a folder in the order of their names.
fn read_files(folder: &Path, kept: &mut KeptSamples) -> io::Result<()> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    paths.retain(|path| path.is_file());
    paths.sort();
    let mut paths = paths.into_iter();
    while let Some(path) = paths.next().filter(|_| kept.wants_more()) {
        kept.see(&fs::read(path)?);
    }
    Ok(())
}

/// What a user should know of samples and records that were not all read.
pub(super) fn cut_samples(profile: &Profile) -> impl Iterator<Item = String> {
    let records = profile
        .streams
        .iter()
        .filter_map(|stream| stream.records.as_ref()?.cut().map(|cut| format!("stream `{}`: {cut}", stream.name)));
    let samples = profile.streams.iter().filter_map(|stream| {
        let (CutSamples { kept, of }, name) = (stream.payload.cut_samples?, stream.payload.samples.as_ref()?);
        let (stream, megabytes) = (&stream.name, MOST_SAMPLES_BYTES >> 20);
        Some(match of {
            None => format!(
                "stream `{stream}`: the first {kept} samples of {name} are sent ({megabytes} MB); the others are not read"
            ),
            Some(of) => format!(
                "stream `{stream}`: {kept} of the {of} samples of {name} are sent, spread over all of it: {megabytes} MB are kept in memory"
            ),
        })
    });
    samples.chain(records)
}

/// Reads the rules of fields, and the lists that some are drawn from.
pub(super) fn read_lists(fields: &mut BTreeMap<String, Field>, folder: &Path, faults: &mut Faults<'_>) {
    for (name, field) in fields {
        let mut faults = faults.at_name("fields", name);
        for fault in field.faults() {
            match fault.help {
                Some(help) => faults.add_help(fault.key, fault.message, help),
                None => faults.add(fault.key, fault.message),
            }
        }
        if let Err((message, help)) = read_list(folder, field) {
            faults.add_help("file", message, help);
        }
    }
}

fn read_list(folder: &Path, field: &mut Field) -> Result<(), Refused> {
    let Some(file) = &field.file else { return Ok(()) };
    let path = folder.join(file);
    let text = read_text(&path, MAX_LIST_BYTES, "list")?;
    let values = match &field.column {
        Some(column) => column_of(&text, column)
            .map_err(|why| (format!("{}: {why}", path.display()), "name a column of its first line"))?,
        None => text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect(),
    };
    let shown = path.display();
    field
        .set_listed(values)
        .map_err(|why| (format!("the list {shown} cannot be used: {why}"), "write a value on each line"))
}

fn column_of(text: &str, column: &str) -> Result<Vec<String>, String> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let names = reader.headers().map_err(|error| error.to_string())?;
    let place = names.iter().position(|name| name == column).ok_or_else(|| {
        let names: Vec<&str> = names.iter().collect();
        format!("there is no column `{column}`; the columns are: {}", names.join(", "))
    })?;
    let value = |row: Result<csv::StringRecord, csv::Error>| {
        row.map(|row| row.get(place).unwrap_or_default().to_owned()).map_err(|error| error.to_string())
    };
    reader.records().map(value).collect()
}

fn unreadable(path: &Path, what: &str, error: &io::Error) -> Refused {
    let shown = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => (format!("the {what} {shown} does not exist"), RELATIVE),
        _ => (format!("the {what} {shown} cannot be read: {error}"), RELATIVE),
    }
}

/// A file's text, or what is wrong and how to fix it. `what` names the kind of file.
pub(super) fn read_text(path: &Path, most_bytes: u64, what: &str) -> Result<String, Refused> {
    let shown = path.display();
    let facts = fs::metadata(path).map_err(|error| unreadable(path, what, &error))?;
    if facts.is_dir() {
        return Err((format!("{shown} is a folder, not a {what}"), RELATIVE));
    }
    if facts.len() > most_bytes {
        return Err((
            format!("the {what} {shown} has {} MB (limit {})", facts.len() >> 20, most_bytes >> 20),
            "use a smaller file",
        ));
    }
    let bytes = fs::read(path).map_err(|error| unreadable(path, what, &error))?;
    text_of(bytes).map_err(|line| (format!("the {what} {shown}, line {line}, is not UTF-8 text"), "save it as UTF-8"))
}

fn note_records(records: Option<&Records>, folder: &Path, stream: &mut toml::Value) {
    let table = stream.get_mut("records").and_then(toml::Value::as_table_mut);
    if let (Some(records), Some(table)) = (records, table) {
        table.insert("file".to_owned(), full(folder, &records.file).into());
        if let Some(recorded) = records.recorded() {
            table.insert("fingerprint".to_owned(), recorded.fingerprint().into());
        }
    }
}

/// Adds to a profile's table what is needed to send the same again from any folder: the files' full paths, and the template's fingerprint.
pub(super) fn note_templates(profile: &Profile, folder: &Path, table: &mut toml::Table) {
    let streams = table.get_mut("stream").and_then(toml::Value::as_array_mut);
    for (stream, written) in profile.streams.iter().zip(streams.into_iter().flatten()) {
        let keys = written.get_mut("keys").and_then(toml::Value::as_table_mut);
        if let (Some(name), Some(keys)) = (&stream.keys.template, keys) {
            keys.insert("template".to_owned(), full(folder, name).into());
        }
        note_records(stream.records.as_ref(), folder, written);
        let Some(payload) = written.get_mut("payload").and_then(toml::Value::as_table_mut) else { continue };
        let Payload { template, samples, read, .. } = &stream.payload;
        for (key, name) in [("template", template), ("samples", samples)] {
            if let Some(name) = name {
                payload.insert(key.to_owned(), full(folder, name).into());
            }
        }
        if let Some(read) = read {
            payload.insert("fingerprint".to_owned(), read.fingerprint().into());
        }
        note_lists(&stream.payload.fields, folder, payload);
    }
}

/// Adds the full paths of the lists that fields are drawn from.
pub(super) fn note_lists(fields: &BTreeMap<String, Field>, folder: &Path, table: &mut toml::Table) {
    let written = table.get_mut("fields").and_then(toml::Value::as_table_mut);
    for (name, field) in written.into_iter().flatten() {
        let file = fields.get(name.as_str()).and_then(|field| field.file.as_ref());
        if let (Some(file), Some(field)) = (file, field.as_table_mut()) {
            field.insert("file".to_owned(), full(folder, file).into());
        }
    }
}

pub(super) fn full(folder: &Path, name: &str) -> String {
    let path = folder.join(name);
    let path: PathBuf = std::path::absolute(&path).unwrap_or(path);
    path.display().to_string()
}
