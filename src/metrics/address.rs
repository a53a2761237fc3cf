//! Where metrics are served, as a user writes it.

use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;

/// Where metrics are served: a port of this machine's loopback, or a full address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricsAddress(pub SocketAddr);

impl FromStr for MetricsAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let on_loopback = text.parse().map(|port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        on_loopback.or_else(|_| text.parse()).map(MetricsAddress).map_err(|_| {
            "this is neither a port nor an address: write 9464, 127.0.0.1:9464, or 0.0.0.0:9464 for all interfaces"
                .to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_on_loopback_and_an_address_is_taken_as_it_is() {
        let address = |text: &str| text.parse::<MetricsAddress>().map(|address| address.0.to_string());
        assert_eq!(address("9464").unwrap(), "127.0.0.1:9464");
        assert_eq!(address("0").unwrap(), "127.0.0.1:0");
        assert_eq!(address("0.0.0.0:9464").unwrap(), "0.0.0.0:9464");
        assert_eq!(address("[::1]:9464").unwrap(), "[::1]:9464");
        for wrong in ["", ":9464", "localhost", "65536", "http://127.0.0.1:9464", "127.0.0.1"] {
            assert!(address(wrong).unwrap_err().contains("neither a port nor an address"), "{wrong}");
        }
    }
}
