//! Secrets never reach a file or a log: client settings pass through here before anyone writes them.

/// What stands where a secret was.
pub const REMOVED: &str = "(removed)";

/// Parts of a property's name that mark its value as secret, in librdkafka's, Java's and schema registries' spelling.
/// What librdkafka itself marks as sensitive is among them. Rather one too many: a blanked value costs a look at the shell's history, a leaked one costs a key.
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

/// Signs inside a value that it holds a secret, whatever its property is called.
const SECRET_SIGNS: [&str; 6] = ["private key", "password=", "password =", "secret=", "secret =", "loginmodule"];

/// A client property's value with every secret taken out: the whole value when the property or the value is a secret one,
/// or the user and password of a URL.
#[must_use]
pub fn redact(key: &str, value: &str) -> String {
    // Spelling differs between clients and environment variables: `SSL_KEY_PASSWORD`, `ssl-key-password`.
    let key = key.trim().to_ascii_lowercase();
    let dotted = key.replace(['_', '-'], ".");
    let lowered = value.to_ascii_lowercase();
    let secret_key = SECRET_PARTS.iter().any(|part| key.contains(part) || dotted.contains(part));
    let secret_value = SECRET_SIGNS.iter().any(|sign| lowered.contains(sign));
    if value.is_empty() {
        String::new()
    } else if secret_key || secret_value {
        REMOVED.to_owned()
    } else {
        without_user_info(value)
    }
}

/// Blanks what stands between a URL's `://` and the last `@` behind it. A password may hold `/`, `@` and `,` unescaped, so that nothing
/// before the last `@` is safe to show; a path with an `@` in it, or a list of URLs, loses more than it had to.
fn without_user_info(value: &str) -> String {
    let Some((scheme, rest)) = value.split_once("://") else {
        return value.to_owned();
    };
    match rest.rfind('@') {
        Some(at) => format!("{scheme}://{REMOVED}{}", &rest[at..]),
        None => value.to_owned(),
    }
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
            let clean = redact("schema.registry.url", &format!("https://{user}:{password}@example.org:8081/{tail}"));
            prop_assert!(!clean.contains(&password), "{}", clean);
            prop_assert!(clean.contains("@example.org:8081/"), "{}", clean);
        }
    }

    #[test]
    fn a_secret_under_a_harmless_name_is_found_by_its_form() {
        for value in [
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIFDjBAhh2zqhunter2\n-----END ENCRYPTED PRIVATE KEY-----",
            "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"u\" password=\"hunter2\";",
            "endpoint=x;client_secret=hunter2",
        ] {
            assert_eq!(redact("my.own.property", value), REMOVED);
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
