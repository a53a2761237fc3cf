//! Keeps the tokens of the clients of this process: one for all that get theirs from the same place, renewed before it expires.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use rdkafka::bindings::rd_kafka_t;

use super::Tokens;
use super::command::{CommandFailed, printed_by, program_of};
use super::native::Handle;
use super::token::Token;
use super::unsecured;

/// The part of a token's life after which the next one is fetched: before the client's own 0.8, and before brokers ask for a new login.
const RENEWED_AFTER: f64 = 0.7;
/// How long to wait after a failure, before the next attempt.
const PAUSE: Duration = Duration::from_secs(1);

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub(super) enum TokenError {
    #[error("the token command `{program} …` {why}")]
    Command { program: String, why: CommandFailed },
    #[error("sasl.oauthbearer.config describes no token: it needs principal=NAME")]
    Unsecured,
    #[error("the Kafka client does not take the token: check security.protocol and sasl.mechanism")]
    NotTaken,
    #[error("tokens cannot be renewed: {0}")]
    Thread(#[from] std::io::Error),
}

/// The keepers of this process; they stay, for the next client.
static KEEPERS: Mutex<BTreeMap<Tokens, Arc<Keeper>>> = Mutex::new(BTreeMap::new());

pub(super) fn keeper_of(tokens: Tokens) -> Arc<Keeper> {
    let mut keepers = locked(&KEEPERS);
    Arc::clone(keepers.entry(tokens.clone()).or_insert_with(|| Arc::new(Keeper::of(tokens))))
}

/// Keeps the token of all clients that get it from one place.
pub(super) struct Keeper {
    tokens: Tokens,
    /// Held while a token is fetched: who comes meanwhile waits for that one.
    fetching: Mutex<()>,
    kept: Mutex<Kept>,
    /// There is a client, or a token, that was not there before.
    changed: Condvar,
}

#[derive(Default)]
struct Kept {
    current: Option<Current>,
    clients: Vec<Handle>,
    /// The thread that renews the token runs.
    is_renewing: bool,
}

/// The token that clients have now.
struct Current {
    token: Token,
    renew_at: Instant,
    ends_at: Instant,
}

impl Current {
    fn of(token: Token, now_ms: i64, now: Instant) -> Self {
        let life = Duration::from_millis(u64::try_from(token.expires_ms - now_ms).unwrap_or(0));
        Current { token, renew_at: now + life.mul_f64(RENEWED_AFTER), ends_at: now + life }
    }
}

/// A client that is logged in, until this is dropped; that must be before the client is.
pub(crate) struct Login {
    keeper: Arc<Keeper>,
    client: Handle,
}

impl Drop for Login {
    fn drop(&mut self) {
        locked(&self.keeper.kept).clients.retain(|client| *client != self.client);
    }
}

impl Keeper {
    fn of(tokens: Tokens) -> Self {
        Keeper { tokens, fetching: Mutex::default(), kept: Mutex::default(), changed: Condvar::new() }
    }

    /// Gives the client a token, and each newer one as long as what is returned lives.
    pub(super) fn log_in(self: Arc<Self>, client: *mut rd_kafka_t) -> Result<Login, TokenError> {
        self.fetch_if_due()?;
        let client = Handle::of(client);
        let mut kept = locked(&self.kept);
        if !kept.is_renewing {
            let keeper = Arc::clone(&self);
            thread::Builder::new().name("tokens".to_owned()).spawn(move || keeper.renew_for_ever())?;
            kept.is_renewing = true;
        }
        if !kept.current.as_ref().is_some_and(|current| client.set(&current.token)) {
            return Err(TokenError::NotTaken);
        }
        kept.clients.push(client);
        self.changed.notify_all();
        drop(kept);
        Ok(Login { keeper: self, client })
    }

    /// Makes sure that there is a token that need not be renewed yet; one that is still valid will do where no newer one can be had.
    fn fetch_if_due(&self) -> Result<(), TokenError> {
        let _one_at_a_time = locked(&self.fetching);
        let now = Instant::now();
        let (is_due, is_valid) = match &locked(&self.kept).current {
            Some(current) => (current.renew_at <= now, current.ends_at > now),
            None => (true, false),
        };
        if !is_due {
            return Ok(());
        }
        match self.fetch() {
            Ok(fetched) => {
                let mut kept = locked(&self.kept);
                for client in &kept.clients {
                    // It took the one before, and there is nobody to tell if it does not take this one: it says so itself when it logs in.
                    let _taken = client.set(&fetched.token);
                }
                kept.current = Some(fetched);
                Ok(())
            }
            Err(_) if is_valid => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn fetch(&self) -> Result<Current, TokenError> {
        // Before it is asked for: a life in seconds counts from then, or later.
        let (now_ms, now) = (now_ms(), Instant::now());
        let token = match &self.tokens {
            Tokens::Command(command) => printed_by(command)
                .and_then(|printed| Ok(Token::read(&printed, now_ms)?))
                .map_err(|why| TokenError::Command { program: program_of(command).to_owned(), why })?,
            Tokens::Unsecured(config) => unsecured::made(config, now_ms).ok_or(TokenError::Unsecured)?,
        };
        Ok(Current::of(token, now_ms, now))
    }

    /// Fetches a newer token whenever one is due and somebody needs it.
    fn renew_for_ever(&self) {
        loop {
            self.wait_until_due();
            let failed = self.fetch_if_due().err();
            let kept = locked(&self.kept);
            if let Some(why) = failed {
                kept.clients.iter().for_each(|client| client.fail(&why.to_string()));
            }
            let is_due = kept.current.as_ref().is_none_or(|current| current.renew_at <= Instant::now());
            if is_due {
                let _waited = self.changed.wait_timeout(kept, PAUSE);
            }
        }
    }

    fn wait_until_due(&self) {
        let mut kept = locked(&self.kept);
        loop {
            let now = Instant::now();
            let due = kept.current.as_ref().map_or(now, |current| current.renew_at);
            if kept.clients.is_empty() {
                kept = self.changed.wait(kept).unwrap_or_else(PoisonError::into_inner);
            } else if due > now {
                let waited = self.changed.wait_timeout(kept, due - now).unwrap_or_else(PoisonError::into_inner);
                kept = waited.0;
            } else {
                return;
            }
        }
    }
}

/// What a lock holds. A thread that panicked while it held one has left nothing half-done: each change is one step.
fn locked<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
