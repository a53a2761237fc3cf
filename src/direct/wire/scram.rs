//! A login by SCRAM (RFC 5802, with SHA-256 and SHA-512 as in RFC 7677), as the client speaks it: the password is not sent, and the broker proves
//! that it knows it. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use openssl::error::ErrorStack;
use openssl::hash::{MessageDigest, hash};
use openssl::memcmp;
use openssl::pkcs5::pbkdf2_hmac;
use openssl::pkey::PKey;
use openssl::sign::Signer;

/// Kafka's least number of iterations, and more than any broker uses: each costs time.
const ITERATIONS: std::ops::RangeInclusive<u32> = 4096..=1_000_000;
/// No channel is bound to the login.
const NOT_BOUND: &str = "n,,";

/// The hash of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    Sha256,
    Sha512,
}

impl Hash {
    fn digest(self) -> MessageDigest {
        match self {
            Hash::Sha256 => MessageDigest::sha256(),
            Hash::Sha512 => MessageDigest::sha512(),
        }
    }
}

/// A login whose first message is sent.
#[derive(Debug)]
pub(super) struct Begun {
    hash: Hash,
    nonce: String,
    bare: String,
}

/// A login whose proof is sent.
#[derive(Debug)]
pub(super) struct Proven {
    signature: Vec<u8>,
}

/// Begins a login, with a text that is used only once and has no commas. Returns the first message.
pub(super) fn begin(hash: Hash, user: &str, nonce: &str) -> (Begun, String) {
    let user = user.replace('=', "=3D").replace(',', "=2C");
    let bare = format!("n={user},r={nonce}");
    let first = format!("{NOT_BOUND}{bare}");
    (Begun { hash, nonce: nonce.to_owned(), bare }, first)
}

impl Begun {
    /// Answers the broker's first message.
    ///
    /// # Errors
    /// What is wrong with that message.
    pub(super) fn prove(self, password: &str, answer: &str) -> Result<(Proven, String), String> {
        let told = Told::read(answer).filter(|told| told.nonce.starts_with(&self.nonce) && told.nonce != self.nonce);
        let told = told.ok_or_else(|| "its challenge is not one of SCRAM".to_owned())?;
        if !ITERATIONS.contains(&told.iterations) {
            let (least, most) = (ITERATIONS.start(), ITERATIONS.end());
            return Err(format!("it asks for {} iterations; {least} to {most} are accepted", told.iterations));
        }
        let last = format!("c={},r={}", BASE64.encode(NOT_BOUND), told.nonce);
        let signed = format!("{},{answer},{last}", self.bare);
        let proof = Proof::of(self.hash, password, &told, signed.as_bytes());
        let Proof { proof, signature } = proof.map_err(|error| error.to_string())?;
        Ok((Proven { signature }, format!("{last},p={}", BASE64.encode(proof))))
    }
}

impl Proven {
    /// Whether the broker knows the password, too.
    ///
    /// # Errors
    /// What it says, or that it does not.
    pub(super) fn check(&self, answer: &str) -> Result<(), String> {
        if let Some(error) = part(answer, "e=") {
            return Err(error.to_owned());
        }
        let theirs = part(answer, "v=").and_then(|text| BASE64.decode(text).ok()).unwrap_or_default();
        let is_equal = theirs.len() == self.signature.len() && memcmp::eq(&theirs, &self.signature);
        is_equal.then_some(()).ok_or_else(|| "it does not know the password itself".to_owned())
    }
}

/// A broker's first message.
struct Told {
    nonce: String,
    salt: Vec<u8>,
    iterations: u32,
}

impl Told {
    fn read(answer: &str) -> Option<Self> {
        let salt = BASE64.decode(part(answer, "s=")?).ok()?;
        Some(Told { nonce: part(answer, "r=")?.to_owned(), salt, iterations: part(answer, "i=")?.parse().ok()? })
    }
}

fn part<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    message.split(',').find_map(|part| part.strip_prefix(name))
}

/// What the two sides prove to each other.
struct Proof {
    proof: Vec<u8>,
    signature: Vec<u8>,
}

impl Proof {
    fn of(kind: Hash, password: &str, told: &Told, signed: &[u8]) -> Result<Self, ErrorStack> {
        let digest = kind.digest();
        let mut salted = vec![0; digest.size()];
        pbkdf2_hmac(password.as_bytes(), &told.salt, told.iterations as usize, digest, &mut salted)?;
        let client_key = hmac(digest, &salted, b"Client Key")?;
        let client_signature = hmac(digest, &hash(digest, &client_key)?, signed)?;
        let proof = client_key.iter().zip(&client_signature).map(|(key, signature)| key ^ signature).collect();
        let signature = hmac(digest, &hmac(digest, &salted, b"Server Key")?, signed)?;
        Ok(Proof { proof, signature })
    }
}

fn hmac(digest: MessageDigest, key: &[u8], data: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let key = PKey::hmac(key)?;
    let mut signer = Signer::new(digest, &key)?;
    signer.update(data)?;
    signer.sign_to_vec()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NONCE: &str = "rOprNGfwEbeRWgbNEkqO";
    const CHALLENGE: &str = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

    #[test]
    fn the_example_of_rfc_7677() {
        let (begun, first) = begin(Hash::Sha256, "user", NONCE);
        assert_eq!(first, "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        let (proven, last) = begun.prove("pencil", CHALLENGE).unwrap();
        let expected = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
        assert_eq!(last, expected);
        assert_eq!(proven.check("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), Ok(()));
        for wrong in ["v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=", "v=", "", "e=invalid-proof"] {
            assert!(proven.check(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_name_is_written_so_that_it_ends_where_it_ends() {
        let (_, first) = begin(Hash::Sha512, "a,b=c", "n");
        assert_eq!(first, "n,,n=a=2Cb=3Dc,r=n");
    }

    #[test]
    fn a_challenge_that_is_not_meant_for_this_login_is_refused() {
        let refused = |challenge: &str| begin(Hash::Sha256, "user", NONCE).0.prove("pencil", challenge).unwrap_err();
        for challenge in ["", "r=other,s=AA==,i=4096", "r=rOprNGfwEbeRWgbNEkqO,s=AA==,i=4096", "e=other-error"] {
            assert!(refused(challenge).contains("not one of SCRAM"), "{challenge}");
        }
        for iterations in ["1", "4294967295"] {
            let challenge = CHALLENGE.replace("4096", iterations);
            assert!(refused(&challenge).contains(iterations), "{challenge}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn nothing_that_a_broker_says_panics(answer in ".{0,80}") {
            let _ = begin(Hash::Sha512, "user", "x").0.prove("pencil", &answer);
            let _ = Proven { signature: vec![1] }.check(&answer);
        }
    }
}
