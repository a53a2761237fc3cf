//! Where the client finds the system's certificate authorities.

/// OpenSSL's variables for them.
const NAMED: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// The setting for a client whose OpenSSL was compiled with it: that one knows no system's place, so the client tries the usual ones. A
/// variable that names a place wins, as it would with the system's OpenSSL. `is_set` asks the environment.
pub(super) fn place(is_set: impl Fn(&str) -> bool) -> Option<(String, String)> {
    let named = NAMED.into_iter().any(is_set);
    (!named).then(|| ("ssl.ca.location".to_owned(), "probe".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_places_are_tried_unless_a_variable_names_one() {
        assert_eq!(place(|_| false), Some(("ssl.ca.location".to_owned(), "probe".to_owned())));
        for name in NAMED {
            assert_eq!(place(|asked| asked == name), None);
        }
    }
}
