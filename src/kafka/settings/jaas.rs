//! A line of `sasl.jaas.config`, read as Kafka's clients read it (`org.apache.kafka.common.security.JaasConfig`): with the tokens of Java's
//! `StreamTokenizer`. Values are in single or double quotes, with escapes, or bare.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

/// A login module and its options.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Login {
    /// The module's class, without its package.
    pub(super) module: String,
    pub(super) options: BTreeMap<String, String>,
}

enum Token {
    Word(String),
    Sign(char),
}

/// Reads the one login module of the line. An error repeats no part of the line.
pub(super) fn read(line: &str) -> Result<Login, &'static str> {
    let mut tokens = Tokens { rest: line.chars().peekable() };
    let Some(Token::Word(class)) = tokens.next() else { return Err("it does not begin with a login module") };
    let Some(Token::Word(flag)) = tokens.next() else { return Err("`required` is missing after the login module") };
    if !["required", "requisite", "sufficient", "optional"].contains(&flag.to_ascii_lowercase().as_str()) {
        return Err("`required` is missing after the login module");
    }
    let mut options = BTreeMap::new();
    loop {
        match tokens.next() {
            None | Some(Token::Sign(';')) => break,
            Some(Token::Word(key)) => {
                let (Some(Token::Sign('=')), Some(Token::Word(value))) = (tokens.next(), tokens.next()) else {
                    return Err("an option has no value; write name=\"value\"");
                };
                options.insert(key, value);
            }
            Some(Token::Sign(_)) => return Err("there is a sign where an option is expected; put values in quotes"),
        }
    }
    if tokens.next().is_some() {
        return Err("it has more than one login module");
    }
    let module = class.rsplit('.').next().unwrap_or_default().to_owned();
    Ok(Login { module, options })
}

struct Tokens<'a> {
    rest: Peekable<Chars<'a>>,
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            let next = self.rest.next()?;
            match next {
                '/' => self.skip_comment(),
                blank if blank <= ' ' => {}
                quote @ ('"' | '\'') => return Some(Token::Word(self.quoted(quote))),
                start if is_word(start) => {
                    let mut word = String::from(start);
                    while let Some(more) = self.rest.next_if(|more| is_word(*more)) {
                        word.push(more);
                    }
                    return Some(Token::Word(word));
                }
                sign => return Some(Token::Sign(sign)),
            }
        }
    }
}

impl Tokens<'_> {
    /// After a `/`: to the end of `/* … */`, or of the line.
    fn skip_comment(&mut self) {
        if self.rest.next_if_eq(&'*').is_none() {
            while self.rest.next_if(|next| *next != '\n').is_some() {}
            return;
        }
        let mut before = ' ';
        for next in self.rest.by_ref() {
            if before == '*' && next == '/' {
                return;
            }
            before = next;
        }
    }

    /// The rest of a quoted string; the end of the line ends it, too.
    fn quoted(&mut self, quote: char) -> String {
        let mut text = String::new();
        while let Some(next) = self.rest.next_if(|next| !matches!(next, '\n' | '\r')) {
            match next {
                '\\' => text.extend(self.escaped()),
                end if end == quote => break,
                other => text.push(other),
            }
        }
        text
    }

    fn escaped(&mut self) -> Option<char> {
        let next = self.rest.next()?;
        Some(match next {
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            '0'..='7' => self.octal(next),
            other => other,
        })
    }

    /// Up to three octal digits, of which the first is at most 3 when there are three.
    fn octal(&mut self, first: char) -> char {
        let mut value = first.to_digit(8).unwrap_or(0);
        let most = if first <= '3' { 2 } else { 1 };
        for _ in 0..most {
            let Some(digit) = self.rest.next_if(|next| next.is_digit(8)) else { break };
            value = value * 8 + digit.to_digit(8).unwrap_or(0);
        }
        char::from_u32(value).unwrap_or_default()
    }
}

/// Java's letters and digits, its number signs, and what Kafka adds to them; everything from U+00A0 on counts as a letter.
fn is_word(next: char) -> bool {
    next.is_ascii_alphanumeric() || matches!(next, '.' | '-' | '_' | '$') || next >= '\u{a0}'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn password(line: &str) -> String {
        read(line).unwrap_or_else(|why| panic!("{line}: {why}")).options["password"].clone()
    }

    #[test]
    fn values_are_read_as_java_reads_them() {
        let module = "org.apache.kafka.common.security.plain.PlainLoginModule required username=u";
        for (text, value) in [
            ("\"p\"", "p"),
            ("'p'", "p"),
            ("bare-p_1.$x", "bare-p_1.$x"),
            ("12345", "12345"),
            (r#""a\"b""#, "a\"b"),
            (r"'a\'b'", "a'b"),
            (r#""a'b""#, "a'b"),
            (r#""back\\slash""#, "back\\slash"),
            (r#""t\tn\n\101\0""#, "t\tn\nA\0"),
            (r#""\477""#, "'7"),
            ("\"a;b=c//d\"", "a;b=c//d"),
            ("  =  \"spaced\"", "spaced"),
        ] {
            let text = text.trim_start_matches(['=', ' ']);
            for line in [
                format!("{module} password={text};"),
                format!("{module} password = {text} ;"),
                format!("{module} /* why */ password={text} // note"),
                format!("{module} password={text} other='x' third=\"y\";"),
            ] {
                assert_eq!(password(&line), value, "{line}");
            }
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_a_word_of_the_line() {
        for line in [
            "",
            "hush",
            "hush hush username=hush;",
            "M required hush;",
            "M required password=;",
            "M required password=\"hush\"; N required;",
            "M required = hush;",
        ] {
            let why = read(line).err().unwrap_or_else(|| panic!("{line} was read"));
            assert!(!why.contains("hush"), "{why}");
        }
    }

    proptest! {
        #[test]
        fn every_password_in_quotes_comes_back(value in "[ -~äß€]{0,40}", single: bool) {
            let quote = if single { '\'' } else { '"' };
            let escaped: String = value.chars().flat_map(|next| {
                let escape = (next == quote || next == '\\').then_some('\\');
                escape.into_iter().chain([next])
            }).collect();
            prop_assert_eq!(password(&format!("a.b.M required password={quote}{escaped}{quote};")), value);
        }

        #[test]
        fn no_line_is_too_strange(line in "\\PC{0,200}") {
            let _ = read(&line);
        }
    }
}
