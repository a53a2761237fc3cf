//! Keeps secrets out of files and logs: client settings pass through here before they are written.

mod harmless;

use harmless::HARMLESS;

/// What replaces a secret.
pub const REMOVED: &str = "(removed)";

/// Parts of a property's name that mark its value as secret, in librdkafka's, Java's and schema registries' spelling. Everything that
/// librdkafka marks as sensitive is included. Rather one too many: a hidden value costs a look at the shell's history, a leaked one costs a
/// key.
const SECRET_PARTS: [&str; 19] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "sasl.jaas",
    "ssl.key.",
    "ssl_key",
    "ssl.keystore.key",
    "ssl.keystore.certificate",
    "private",
    "oauth",
    "api.key",
    "apikey",
    "user.info",
    "authorization",
    "sasl.username",
    "ssl.ca.pem",
];

/// Parts of a value that show that it holds a secret, whatever its property is called.
const SECRET_SIGNS: [&str; 12] = [
    "private key",
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "loginmodule",
    "bearer ",
    "basic ",
    "apikey",
    "api_key",
    // The beginning of every JSON web token.
    "eyj",
];

/// A client property's value with every secret removed: only the value of a property known to be harmless is shown, unless it looks like a
/// secret nevertheless; and never the text before an `@`.
#[must_use]
pub fn redact(key: &str, value: &str) -> String {
    // Spelling differs between clients and environment variables: `SSL_KEY_PASSWORD`, `ssl-key-password`.
    let key = key.trim().to_ascii_lowercase();
    let dotted = key.replace(['_', '-'], ".");
    let secret_key = SECRET_PARTS.iter().any(|part| key.contains(part) || dotted.contains(part));
    let is_harmless = HARMLESS.binary_search(&key.as_str()).is_ok();
    if value.is_empty() {
        String::new()
    } else if secret_key || !is_harmless || looks_secret(value) {
        REMOVED.to_owned()
    } else {
        without_user_info(value)
    }
}

fn looks_secret(value: &str) -> bool {
    let lowered = value.to_ascii_lowercase();
    SECRET_SIGNS.iter().any(|sign| lowered.contains(sign))
}

/// Hides what is before the last `@`, except a URL's scheme. A password may contain `/`, `@`, `:` and `,` unescaped, so nothing before the
/// last `@` is safe to show; a path with an `@` in it, or a list of URLs, loses more than necessary.
fn without_user_info(value: &str) -> String {
    let Some(at) = value.rfind('@') else { return value.to_owned() };
    let scheme = match value.split_once("://") {
        Some((scheme, _))
            if scheme.len() < at && scheme.chars().all(|next| next.is_ascii_alphanumeric() || next == '_') =>
        {
            format!("{scheme}://")
        }
        _ => String::new(),
    };
    format!("{scheme}{REMOVED}{}", &value[at..])
}

/// A sentence without anything that looks like a login: `name://user:password@`, and the
/// value after a secret's name (`sasl.password=…`, `password = "…"`).
#[must_use]
pub fn sentence(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        clean.push_str(&redact_word(word));
        clean.push_str(&piece[word.len()..]);
    }
    clean
}

fn redact_word(word: &str) -> String {
    if let Some((before, after)) = word.split_once("://")
        && let Some(at) = after.rfind('@')
    {
        return format!("{before}://{REMOVED}{}", &after[at..]);
    }
    match word.split_once('=') {
        Some((key, value)) if !value.is_empty() && names_a_secret(key) => format!("{key}={REMOVED}"),
        _ => word.to_owned(),
    }
}

/// By its last part, as in `-X` and properties: `sasl.password`, `'ssl.key.password`, `client_secret`.
fn names_a_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["password", "passwd", "pasword", "passphrase", "secret", "token", "apikey", "api.key", "jaas.config", "kinit.cmd"]
        .iter()
        .any(|part| key.ends_with(part) || key.contains(&format!("{part}.")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Properties that hold a secret, from librdkafka's CONFIGURATION.md, Java's client configuration and schema registry clients.
    const SECRET_KEYS: [&str; 42] = [
        "sasl.password",
        "sasl.username",
        "ssl.ca.pem",
        "ssl.key.password",
        "ssl.key.pem",
        "ssl.key.location",
        "ssl_key",
        "ssl.keystore.password",
        "ssl.keystore.key",
        "ssl.keystore.certificate.chain",
        "ssl.truststore.password",
        "sasl.jaas.config",
        "sasl.oauthbearer.config",
        "sasl.oauthbearer.client.secret",
        "sasl.oauthbearer.client.credentials.client.secret",
        "sasl.oauthbearer.client.credentials.client.id",
        "sasl.oauthbearer.assertion.private.key.file",
        "sasl.oauthbearer.assertion.private.key.passphrase",
        "sasl.oauthbearer.assertion.private.key.pem",
        "sasl.oauthbearer.assertion.file",
        "sasl.oauthbearer.token.endpoint.url",
        "sasl.oauthbearer.jwks.endpoint.url",
        "sasl.login.oauth.token",
        "oauth.client.secret",
        "oauth.access.token",
        "oauth.refresh.token",
        "oauth.password.grant.password",
        "listener.name.external.ssl.key.password",
        "listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config",
        "producer.sasl.password",
        "consumer.override.sasl.jaas.config",
        "delegation.token.secret.key",
        "delegation.token.master.key",
        "schema.registry.basic.auth.user.info",
        "basic.auth.user.info",
        "bearer.auth.token",
        "schema.registry.ssl.key.password",
        "confluent.cloud.api.key",
        "confluent.cloud.api.secret",
        "aws.secret.access.key",
        "http.authorization",
        "zookeeper.ssl.keystore.password",
    ];

    proptest! {
        #[test]
        fn no_listed_key_leaks_its_value(
            at in 0..SECRET_KEYS.len(), value in "[!-~]{8,40}", upper: bool, dashes: bool, underscores: bool,
        ) {
            let mut key = SECRET_KEYS[at].to_owned();
            if upper { key = key.to_uppercase(); }
            if dashes { key = key.replace('.', "-"); }
            if underscores { key = key.replace('.', "_"); }
            prop_assert_eq!(redact(&key, &value), REMOVED, "{}", key);
        }

        #[test]
        fn no_url_keeps_its_password(user in "[a-z]{1,8}", password in "[A-Z0-9:/?#@,!-]{8,20}", tail in "[a-z/]{0,10}") {
            for key in ["schema.registry.url", "bootstrap.servers", "client.id"] {
                let clean = redact(key, &format!("{user}:{password}@example.org:8081"));
                prop_assert!(!clean.contains(&password), "{}", clean);
            }
            let clean = redact("schema.registry.url", &format!("https://{user}:{password}@example.org:8081/{tail}"));
            prop_assert!(!clean.contains(&password), "{}", clean);
            // A user's name may itself look like a secret.
            prop_assert!(clean == REMOVED || clean.contains("@example.org:8081/"), "{}", clean);
        }
    }

    proptest! {
        #[test]
        fn a_name_that_is_on_no_list_shows_nothing(key in "[a-z]{1,8}(\\.[a-z]{1,8}){0,3}", value in "[!-~]{1,40}") {
            prop_assume!(HARMLESS.binary_search(&key.as_str()).is_err());
            prop_assert_eq!(redact(&key, &value), REMOVED);
        }

        #[test]
        fn a_misspelt_secret_is_a_secret(at in 0..SECRET_KEYS.len(), drop in 0..40_usize, value in "[!-~]{8,20}") {
            let mut key = SECRET_KEYS[at].to_owned();
            if drop < key.len() { key.remove(drop); }
            prop_assert_eq!(redact(&key, &value), REMOVED, "{}", key);
        }
    }

    #[test]
    fn harmless_names_are_in_order_and_name_no_secret() {
        assert!(HARMLESS.is_sorted());
        for key in HARMLESS {
            assert_eq!(redact(key, "5"), "5", "{key}");
        }
    }

    #[test]
    fn kinits_command_and_whom_it_logs_in_are_hidden() {
        for (key, value) in [
            ("sasl.kerberos.kinit.cmd", "echo hunter2 | kinit me"),
            ("sasl.kerberos.principal", "me"),
            ("sasl.pasword", "hunter2"),
            ("sasl.passwrd", "123456"),
        ] {
            assert_eq!(redact(key, value), REMOVED, "{key}");
        }
    }

    #[test]
    fn a_sentence_keeps_its_words_and_loses_its_logins() {
        for (said, kept) in [
            ("error: sasl_ssl://me:hunter2@there:9092 failed", "error: sasl_ssl://(removed)@there:9092 failed"),
            ("unexpected argument 'sasl.password=hunter2' found", "unexpected argument 'sasl.password=(removed) found"),
            ("linger.ms=5 is fine,\n  as is acks=all", "linger.ms=5 is fine,\n  as is acks=all"),
            ("write me to a@b.org", "write me to a@b.org"),
        ] {
            assert_eq!(sentence(said), kept);
        }
    }

    #[test]
    fn a_secret_under_a_harmless_name_is_found_by_its_form() {
        for value in [
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIFDjBAhh2zqhunter2\n-----END ENCRYPTED PRIVATE KEY-----",
            "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"u\" password=\"hunter2\";",
            "endpoint=x;client_secret=hunter2",
        ] {
            assert_eq!(redact("client.id", value), REMOVED);
        }
    }

    #[test]
    fn what_is_no_secret_stays_readable() {
        for (key, value) in [
            ("bootstrap.servers", "127.0.0.1:9092,b-2.example.org:9094"),
            ("linger.ms", "5"),
            ("sasl.mechanism", "SCRAM-SHA-512"),
            ("security.protocol", "SASL_SSL"),
            ("ssl.ca.location", "/etc/ssl/ca.pem"),
            ("key.serializer", "StringSerializer"),
            ("partitioner", "murmur2_random"),
            ("schema.registry.url", "https://registry.example.org:8081/path"),
        ] {
            assert_eq!(redact(key, value), value, "{key}");
        }
        assert_eq!(redact("sasl.password", ""), "", "an unset property is shown as unset");
    }
}
