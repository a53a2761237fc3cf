//! Tokens without a signature, for brokers that check none: as librdkafka makes them from `sasl.oauthbearer.config`. Its own are not renewed
//! where events are read in batches. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::token::Token;

/// The life of a token that says nothing else, in seconds.
const LIFE_S: i64 = 3600;

/// The token that a configuration describes (librdkafka's CONFIGURATION.md: `principal=admin scope=role1,role2 lifeSeconds=600`); nothing where
/// it holds what only librdkafka can make of it.
pub(super) fn made(config: &str, now_ms: i64) -> Option<Token> {
    let (mut principal, mut scope, mut life_s) = (None, None, LIFE_S);
    let (mut principal_claim, mut scope_claim) = ("sub", "scope");
    for pair in config.split_whitespace() {
        match pair.split_once('=')? {
            ("principal", value) => principal = Some(value),
            ("principalClaimName", value) => principal_claim = value,
            ("scope", value) => scope = Some(value),
            ("scopeClaimName", value) => scope_claim = value,
            ("lifeSeconds", value) => life_s = value.parse().ok().filter(|life| *life > 0)?,
            _ => return None,
        }
    }
    let expires_ms = now_ms + life_s * 1000;
    let mut claims = Map::new();
    claims.insert(principal_claim.to_owned(), principal?.into());
    claims.insert("iat".to_owned(), json!(now_ms as f64 / 1000.0));
    claims.insert("exp".to_owned(), json!(expires_ms as f64 / 1000.0));
    if let Some(scope) = scope {
        claims.insert(scope_claim.to_owned(), scope.split(',').collect::<Vec<_>>().into());
    }
    let encoded = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let text = format!("{}.{}.", encoded(&json!({ "alg": "none" })), encoded(&Value::Object(claims)));
    Some(Token { text, expires_ms })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_holds_what_the_configuration_says_and_can_be_read_back() {
        let token = made("principal=me scope=a,b lifeSeconds=10", 5_000).unwrap();
        assert_eq!(Token::read(&token.text, 5_000), Ok(token.clone()));
        let claims = URL_SAFE_NO_PAD.decode(token.text.split('.').nth(1).unwrap()).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims, json!({ "sub": "me", "iat": 5.0, "exp": 15.0, "scope": ["a", "b"] }));
        assert_eq!(made("principal=me", 0).map(|token| token.expires_ms), Some(3_600_000));
    }

    #[test]
    fn what_only_librdkafka_understands_is_left_to_it() {
        for config in ["", "principal", "scope=a", "principal=me extension_a=b", "principal=me lifeSeconds=x"] {
            assert_eq!(made(config, 0), None, "{config}");
        }
    }
}
