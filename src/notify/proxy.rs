//! The proxy between, as the environment names it: by curl's rules, which differ from those of most libraries.

use ureq::{Proxy, ProxyProtocol};

use super::url::NotifyUrl;

/// Not `HTTP_PROXY`: where a web server starts programs, a visitor's header `Proxy` arrives under that name.
const FOR_HTTP: &[&str] = &["http_proxy", "all_proxy", "ALL_PROXY"];
const FOR_HTTPS: &[&str] = &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
const EXCEPTIONS: &[&str] = &["no_proxy", "NO_PROXY"];

/// Why a proxy cannot be used. Its address may hold a password, so it is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// Not an address.
    #[error("{0} does not hold the address of a proxy, such as http://proxy.example.com:3128")]
    NoAddress(&'static str),
    /// Another kind of proxy.
    #[error("{0} names a proxy that is not an HTTP proxy: name one, or put the host into no_proxy")]
    NotHttp(&'static str),
}

/// The proxy for an address; `variable` gives the environment's variables.
pub(super) fn proxy_for(
    url: &NotifyUrl,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Proxy>, ProxyError> {
    let names = if url.is_https() { FOR_HTTPS } else { FOR_HTTP };
    let Some((name, address)) = first_set(names, &variable) else { return Ok(None) };
    if first_set(EXCEPTIONS, &variable).is_some_and(|(_, hosts)| is_among(url.host(), &hosts)) {
        return Ok(None);
    }
    let proxy = Proxy::new(&address).map_err(|_| ProxyError::NoAddress(name))?;
    match proxy.protocol() {
        ProxyProtocol::Http | ProxyProtocol::Https => Ok(Some(proxy)),
        _ => Err(ProxyError::NotHttp(name)),
    }
}

fn first_set(names: &[&'static str], variable: impl Fn(&str) -> Option<String>) -> Option<(&'static str, String)> {
    let set = |name: &&'static str| variable(name).map(|value| (*name, value.trim().to_owned()));
    names.iter().filter_map(set).find(|(_, value)| !value.is_empty())
}

/// A host is among these when one of them is its name, the end of its name from a dot on, or `*`.
fn is_among(host: &str, hosts: &str) -> bool {
    let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
    let mut hosts = hosts.split([',', ' ']).filter(|one| !one.is_empty());
    hosts.any(|one| {
        let end = one.trim_start_matches("*.").trim_start_matches('.').trim_matches(['[', ']']).to_ascii_lowercase();
        one == "*" || host.strip_suffix(&end).is_some_and(|before| before.is_empty() || before.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(url: &str, set: &[(&str, &str)]) -> Result<Option<String>, ProxyError> {
        let variable = |name: &str| set.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned());
        let proxy = proxy_for(&url.parse().unwrap(), variable)?;
        Ok(proxy.map(|proxy| format!("{}:{}", proxy.host(), proxy.port())))
    }

    fn proxy(url: &str, set: &[(&str, &str)]) -> Option<String> {
        found(url, set).unwrap()
    }

    #[test]
    fn the_scheme_decides_which_variable_counts() {
        let set = [("http_proxy", "a:1"), ("HTTPS_PROXY", "http://me:hunter2@b:2/"), ("ALL_PROXY", "c:3")];
        assert_eq!(proxy("http://x/", &set).unwrap(), "a:1");
        assert_eq!(proxy("https://x/", &set).unwrap(), "b:2");
        assert_eq!(proxy("http://x/", &set[1..]).unwrap(), "c:3");
        assert_eq!(proxy("https://x/", &[("https_proxy", " "), ("all_proxy", "c:3")]).unwrap(), "c:3");
        for set in [&[][..], &[("HTTP_PROXY", "a:1")], &[("http_proxy", "a:1")]] {
            assert_eq!(proxy("https://x/", set), None, "{set:?}");
        }
        assert_eq!(proxy("http://x/", &[("HTTP_PROXY", "a:1")]), None);
    }

    #[test]
    fn some_hosts_are_excepted() {
        for (host, excepted, is_among) in [
            ("hooks.example.com", "localhost, .example.com", true),
            ("hooks.example.com", "example.com", true),
            ("hooks.example.com", "*.Example.com", true),
            ("HOOKS.example.com", "hooks.EXAMPLE.com", true),
            ("hooks.example.com", "*", true),
            ("[::1]", "::1", true),
            ("hooks.example.com", "ample.com,s.example.com", false),
            ("hooks.example.com", ", ,", false),
            ("example.com", "hooks.example.com", false),
        ] {
            let set = [("all_proxy", "a:1"), ("NO_PROXY", excepted)];
            assert_eq!(proxy(&format!("https://{host}/x"), &set).is_none(), is_among, "{host} of {excepted}");
        }
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_named_by_its_variable() {
        for address in ["http://", "me:hunter2@", "ftp://hunter2:1"] {
            let refused = found("https://x/", &[("HTTPS_PROXY", address)]).unwrap_err();
            assert_eq!(refused, ProxyError::NoAddress("HTTPS_PROXY"), "{address}");
        }
        for address in ["socks5h://me:hunter2@a:1", "socks4://a"] {
            let refused = found("https://x/", &[("all_proxy", address)]).unwrap_err();
            assert_eq!(refused, ProxyError::NotHttp("all_proxy"), "{address}");
        }
    }
}
