//! A token, as a command prints it. Pure.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// A token and its end. Its text is shown by nothing.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) text: String,
    /// In milliseconds since 1970.
    pub(super) expires_ms: i64,
}

impl fmt::Debug for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Token").field("expires_ms", &self.expires_ms).finish_non_exhaustive()
    }
}

/// Why what was printed is no token that can be used. Repeats nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoToken {
    #[error("printed no token: floodmark takes a JSON web token, or JSON with access_token and expires_in")]
    Nothing,
    #[error("printed a token with characters that no token has")]
    Characters,
    #[error(
        "printed a token that does not say when it expires: print JSON with access_token and expires_in (in seconds)"
    )]
    NoEnd,
    #[error("printed a token that has expired already, {0} s ago")]
    Expired(i64),
}

impl Token {
    /// Reads a token alone, or the JSON of a login service (RFC 6749, section 5.1). `now_ms` is the moment at which it was asked for.
    pub(super) fn read(printed: &str, now_ms: i64) -> Result<Self, NoToken> {
        let printed = printed.trim();
        let answer: Option<Value> = serde_json::from_str(printed).ok().filter(Value::is_object);
        let text = match &answer {
            Some(answer) => answer["access_token"].as_str().ok_or(NoToken::Nothing)?,
            None => printed,
        };
        if text.is_empty() {
            return Err(NoToken::Nothing);
        }
        // The text of a bearer token (RFC 6750, section 2.1).
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte)) {
            return Err(NoToken::Characters);
        }
        let lasts_s = answer.as_ref().and_then(|answer| seconds(&answer["expires_in"]));
        let expires_ms = lasts_s.map(|seconds| now_ms + in_ms(seconds)).or_else(|| claimed_end_ms(text));
        let expires_ms = expires_ms.ok_or(NoToken::NoEnd)?;
        if expires_ms <= now_ms {
            return Err(NoToken::Expired((now_ms - expires_ms) / 1000));
        }
        Ok(Token { text: text.to_owned(), expires_ms })
    }
}

/// The claim `exp` of a JSON web token (RFC 7519, section 4.1.4).
fn claimed_end_ms(token: &str) -> Option<i64> {
    let claims = token.split('.').nth(1)?;
    let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    seconds(&claims["exp"]).map(in_ms)
}

/// Some services write the number as a text.
fn seconds(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()).filter(|seconds| seconds.is_finite())
}

fn in_ms(seconds: f64) -> i64 {
    (seconds * 1000.0) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(claims: &str) -> String {
        format!("eyJhbGciOiJub25lIn0.{}.", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn a_token_alone_says_itself_when_it_ends_and_an_answer_beside_it() {
        let token = jwt("{\"sub\": \"me\", \"exp\": 100}");
        let read = |printed: &str| Token::read(printed, 40_000).map(|token| (token.text, token.expires_ms));
        assert_eq!(read(&format!("{token}\n")), Ok((token.clone(), 100_000)));
        assert_eq!(read(&format!("{{\"access_token\": \"{token}\"}}")), Ok((token, 100_000)));
        let opaque = "{\"access_token\": \"a-b.c~\", \"expires_in\": 30, \"token_type\": \"Bearer\"}";
        assert_eq!(read(opaque), Ok(("a-b.c~".to_owned(), 70_000)));
        assert_eq!(read(&opaque.replace("30", "\"30\"")), Ok(("a-b.c~".to_owned(), 70_000)));
    }

    #[test]
    fn what_is_wrong_is_said_without_a_letter_of_it() {
        for (printed, wrong) in [
            ("", NoToken::Nothing),
            ("{\"error\": \"hush\"}", NoToken::Nothing),
            ("hush is wrong", NoToken::Characters),
            ("hush\0", NoToken::Characters),
            ("hush", NoToken::NoEnd),
            ("hush.hush.hush", NoToken::NoEnd),
            (&jwt("{\"exp\": 37.5}"), NoToken::Expired(2)),
            ("{\"access_token\": \"hush\", \"expires_in\": 0}", NoToken::Expired(0)),
        ] {
            assert_eq!(Token::read(printed, 40_000), Err(wrong), "{printed}");
            assert!(!wrong.to_string().contains("hush"));
        }
        assert!(!format!("{:?}", Token::read(&jwt("{\"exp\": 100}"), 0)).contains("eyJ"));
    }
}
