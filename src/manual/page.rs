//! One manual page. The sections that every program has are clap's; those below them stand where a reader of manuals looks for them.

use std::io;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, roman};

use super::closing::{Closing, Paragraph, stretches};

/// The page of a command, in roff.
pub(super) fn of(command: &Command, name: &str, above: &[String], source: &str) -> io::Result<Vec<u8>> {
    let help = command.get_after_long_help().or_else(|| command.get_after_help()).map(ToString::to_string);
    let closing = Closing::of(help.as_deref().unwrap_or_default());
    let man = Man::new(command.clone()).title(name.to_uppercase()).source(source).manual("floodmark");
    let mut page: Vec<u8> = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    page.extend(roff(|roff| add_paragraphs(roff, &closing.notes, true)));
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    page.extend(roff(|roff| {
        add_examples(roff, &closing.examples);
        add_codes(roff, &closing.codes);
        add_pages_above(roff, above);
    }));
    Ok(with_one_preamble(&String::from_utf8_lossy(&page)).into_bytes())
}

/// Each section comes with roff's definition of an apostrophe; once is enough.
fn with_one_preamble(page: &str) -> String {
    let preamble = Roff::new().render();
    format!("{preamble}{}", page.replace(&preamble, ""))
}

fn roff(add: impl FnOnce(&mut Roff)) -> Vec<u8> {
    let mut roff = Roff::new();
    add(&mut roff);
    roff.render().into_bytes()
}

fn add_examples(roff: &mut Roff, examples: &[Paragraph<'_>]) {
    if !examples.is_empty() {
        roff.control("SH", ["EXAMPLES"]);
        add_paragraphs(roff, examples, false);
    }
}

fn add_codes(roff: &mut Roff, codes: &[(u8, String)]) {
    if !codes.is_empty() {
        roff.control("SH", ["EXIT STATUS"]);
    }
    for (code, meaning) in codes {
        roff.control("TP", []);
        roff.text([bold(code.to_string())]);
        roff.text([roman(meaning.as_str())]);
    }
}

fn add_pages_above(roff: &mut Roff, above: &[String]) {
    let Some((nearest, others)) = above.split_first() else { return };
    let mut names: Vec<Inline> = vec![bold(nearest.as_str()), roman("(1)")];
    for other in others {
        names.extend([roman(", "), bold(other.as_str()), roman("(1)")]);
    }
    roff.control("SH", ["SEE ALSO"]);
    roff.text(names);
}

/// `follow` where a paragraph stands above them in the section.
fn add_paragraphs(roff: &mut Roff, paragraphs: &[Paragraph<'_>], follow: bool) {
    for (index, lines) in paragraphs.iter().enumerate() {
        if follow || index > 0 {
            roff.control("PP", []);
        }
        for (literal, lines) in stretches(lines) {
            if literal { add_literal(roff, &lines) } else { add_lines(roff, &lines) }
        }
    }
}

fn add_lines(roff: &mut Roff, lines: &[&str]) {
    for line in lines {
        roff.text([roman(line.trim())]);
    }
}

fn add_literal(roff: &mut Roff, lines: &[&str]) {
    roff.control("RS", ["4"]).control("nf", []);
    add_lines(roff, lines);
    roff.control("fi", []).control("RE", []);
}
