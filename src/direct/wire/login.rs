//! A login over a connection that has just been opened.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::{ApiKey, SaslAuthenticateRequest, SaslHandshakeRequest};
use kafka_protocol::protocol::StrBytes;

use super::connection::Connection;
use super::error::WireError;
use super::scram::{self, Hash};
use super::security::{Login, Mechanism};

impl Connection {
    /// Shows the broker who is there.
    ///
    /// # Errors
    /// [`WireError::Login`] when it does not believe it.
    pub(super) fn log_in(&mut self, login: &Login) -> Result<(), WireError> {
        let name = login.mechanism.name();
        let request = SaslHandshakeRequest::default().with_mechanism(StrBytes::from_static_str(name));
        let answer = self.call(ApiKey::SaslHandshake, &request)?;
        if answer.error_code != 0 {
            let known: Vec<&str> = answer.mechanisms.iter().map(|mechanism| mechanism.as_str()).collect();
            return Err(self.no_login(login, format!("it has {}", known.join(", "))));
        }
        match login.mechanism {
            Mechanism::Plain => {
                let message = format!("\0{}\0{}", login.user, login.password);
                self.authenticate(login, message).map(|_| ())
            }
            Mechanism::Scram(hash) => self.scram(login, hash),
        }
    }

    fn scram(&mut self, login: &Login, hash: Hash) -> Result<(), WireError> {
        let nonce = format!("{:032x}", rand::random::<u128>());
        let (begun, first) = scram::begin(hash, &login.user, &nonce);
        let challenge = self.authenticate(login, first)?;
        let proven = begun.prove(&login.password, &challenge);
        let (proven, last) = proven.map_err(|reason| self.no_login(login, reason))?;
        let answer = self.authenticate(login, last)?;
        proven.check(&answer).map_err(|reason| self.no_login(login, reason))
    }

    fn authenticate(&mut self, login: &Login, message: String) -> Result<String, WireError> {
        let request = SaslAuthenticateRequest::default().with_auth_bytes(message.into_bytes().into());
        let answer = self.call(ApiKey::SaslAuthenticate, &request)?;
        if let Some(error) = ResponseError::try_from_code(answer.error_code) {
            let said = answer.error_message.as_deref().map_or_else(|| error.to_string(), str::to_owned);
            return Err(self.no_login(login, said));
        }
        Ok(String::from_utf8_lossy(&answer.auth_bytes).into_owned())
    }

    fn no_login(&self, login: &Login, reason: String) -> WireError {
        let (broker, mechanism) = (self.broker().to_owned(), login.mechanism.name());
        WireError::Login { broker, user: login.user.clone(), mechanism, reason }
    }
}
