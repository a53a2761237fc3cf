//! Registries that answer, and all the ways in which they do not. Each is a real server on loopback. `tests/suite/registry.rs` asks Apicurio.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::loopback_certificate::{acceptor, certificate};
use crate::payload::schema::{SchemaKey, SchemaKind, SchemaText};
use crate::registry::{Access, Login, Registry, RegistryError};

const PATIENT: Duration = Duration::from_secs(60);

/// Answers call after call.
struct Server {
    address: SocketAddr,
    calls: Receiver<String>,
}

/// Never answers.
const HANGS: &str = "";

fn serve(answers: &[&'static str]) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, (told, calls), answers) = (listener.local_addr().unwrap(), channel(), answers.to_vec());
    thread::spawn(move || {
        for (client, answer) in listener.incoming().zip(answers) {
            // A client that has gone away is not the server's concern.
            let _gone = client.and_then(|client| reply(client, answer, &told));
        }
    });
    Server { address, calls }
}

/// One call behind TLS, with a certificate that vouches for itself; its PEM, too.
fn serve_tls(answer: &'static str) -> (SocketAddr, Vec<u8>) {
    let (certificate, key) = certificate();
    let (acceptor, listener) = (acceptor(&certificate, &key), TcpListener::bind("127.0.0.1:0").unwrap());
    let (address, (told, _)) = (listener.local_addr().unwrap(), channel());
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // A client that does not trust the certificate goes away.
            let Ok(client) = acceptor.accept(client) else { continue };
            let _gone = reply(client, answer, &told);
        }
    });
    (address, certificate.to_pem().unwrap())
}

fn reply<C: Read + Write + 'static>(mut client: C, answer: &str, told: &Sender<String>) -> io::Result<()> {
    let mut call = String::new();
    let mut reader = BufReader::new(&mut client);
    while !call.ends_with("\r\n\r\n") {
        if reader.read_line(&mut call)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let length = call.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    reader.take(length.unwrap_or(0)).read_to_string(&mut call)?;
    // The test may be over.
    let _over = told.send(call);
    if answer == HANGS {
        Box::leak(Box::new(client));
        return Ok(());
    }
    client.write_all(answer.as_bytes())
}

impl Server {
    fn registry(&self) -> Registry {
        self.registry_with(Access::new(Some(login()), PATIENT))
    }

    fn registry_with(&self, access: Access) -> Registry {
        Registry::new(format!("http://{}/api", self.address).parse().unwrap(), access)
    }

    fn calls(&self) -> Vec<String> {
        self.calls.try_iter().collect()
    }
}

fn login() -> Login {
    Login { user: "me".to_owned(), password: "hunter2".to_owned() }
}

fn answer(status: &str, body: &str) -> &'static str {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}").leak()
}

fn text(text: &str) -> SchemaText {
    SchemaText::alone(SchemaKind::Avro, text)
}

#[test]
fn a_schema_comes_with_all_that_it_refers_to() {
    let server = serve(&[
        answer("200 OK", r#"{"schema":"order","references":[{"name":"a","subject":"as","version":2}],"more":1}"#),
        answer("200 OK", r#"{"id":3,"schema":"A","references":[{"name":"b","subject":"b/s","version":1}]}"#),
        answer("200 OK", r#"{"id":4,"schema":"B","references":[{"name":"a","subject":"as","version":2}]}"#),
    ]);
    let registry = server.registry();
    let schema = registry.by_key(SchemaKey::Id(7)).unwrap();
    assert_eq!((schema.id, schema.kind), (Some(7), SchemaKind::Avro));
    let whole = registry.with_references(&schema).unwrap();
    let names: Vec<&str> = whole.references.iter().map(|referred| referred.name.as_str()).collect();
    assert_eq!(names, ["b", "a"], "what others refer to comes first, and a circle ends");
    let calls = server.calls();
    for (call, path) in calls.iter().zip(["/schemas/ids/7", "/subjects/as/versions/2", "/subjects/b%2Fs/versions/1"]) {
        assert!(call.starts_with(&format!("GET /api{path} HTTP/1.1\r\n")), "{call}");
        assert!(call.contains("Basic bWU6aHVudGVyMg=="), "{call}");
    }
}

#[test]
fn a_schema_is_registered_once_and_named_by_its_id() {
    let server = serve(&[answer("200 OK", r#"{"id":12}"#)]);
    assert_eq!(server.registry().register("orders-value", &text("\"long\""), &[]), Ok(12));
    let calls = server.calls();
    let (head, body) = calls[0].split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /api/subjects/orders-value/versions HTTP/1.1\r\n"), "{head}");
    assert_eq!(body, r#"{"schema":"\"long\""}"#);
}

#[test]
fn each_refusal_is_one_sentence_with_the_way_out() {
    for (status, body, said) in [
        ("401 Unauthorized", "", "asks for a login (401): set FLOODMARK_REGISTRY_USER and FLOODMARK_REGISTRY_PASSWORD"),
        ("403 Forbidden", "", "does not let this login read subject `orders-value` (403)"),
        (
            "404 Not Found",
            r#"{"error_code":40401,"message":"no"}"#,
            "has no subject `orders-value` (404): check the name",
        ),
        ("404 Not Found", r#"{"error_code":40402,"message":"no"}"#, "has no subject `orders-value` (404)"),
        ("404 Not Found", "<html>", "does not come from a schema registry (404 Not Found): check the address"),
        ("302 Found", "", "it is a redirect"),
        ("503 Service Unavailable", r#"{"message":"starting"}"#, "answered 503 (starting): try again later"),
        ("200 OK", "<html>hello", "does not come from a schema registry (it is not the JSON of one)"),
        ("200 OK", "{}", "it has no field `schema`"),
        ("200 OK", r#"{"schema":"x","schemaType":"THRIFT"}"#, "is of the kind `THRIFT`: floodmark knows AVRO"),
    ] {
        let server = serve(&[answer(status, body)]);
        let error = server.registry().version("orders-value", None).unwrap_err().to_string();
        assert!(error.contains(said) && error.contains(&server.address.to_string()), "{status} {body}: {error}");
        assert!(!error.contains("hunter2") && !error.contains('\n'), "{error}");
    }
}

#[test]
fn a_schema_that_is_not_taken_is_told_why() {
    for (status, said) in [
        (
            "409 Conflict",
            "refuses the schema for subject `s` (409): it is not compatible with the versions there (a field is gone)",
        ),
        ("422 Unprocessable", "cannot take the schema for subject `s` (422): it is not valid there (a field is gone)"),
        ("403 Forbidden", "does not let this login register a schema under subject `s`"),
    ] {
        let server = serve(&[answer(status, r#"{"error_code":409,"message":"a field\n is gone"}"#)]);
        let error = server.registry().register("s", &text("{}"), &[]).unwrap_err().to_string();
        assert!(error.contains(said), "{status}: {error}");
    }
}

#[test]
fn a_registry_that_is_away_or_silent_is_told_apart() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let registry = Registry::new(format!("http://{port}").parse().unwrap(), Access::new(None, PATIENT));
    let away = registry.by_key(SchemaKey::Id(1)).unwrap_err();
    assert!(matches!(away, RegistryError::Away { .. }), "{away}");
    let server = serve(&[HANGS]);
    let slow =
        server.registry_with(Access::new(None, Duration::from_millis(200))).by_key(SchemaKey::Id(1)).unwrap_err();
    assert!(matches!(slow, RegistryError::Slow { .. }), "{slow}");
    let server = serve(&["220 mail.example.com ESMTP\r\n\r\n"]);
    let other = server.registry().by_key(SchemaKey::Id(1)).unwrap_err();
    assert!(matches!(other, RegistryError::NotARegistry { .. }), "{other}");
}

#[test]
fn a_file_of_authorities_must_hold_one() {
    assert!(Access::new(None, PATIENT).with_authorities(b"no certificate").is_err());
    assert!(!format!("{:?}", Access::new(Some(login()), PATIENT)).contains("hunter2"));
}

#[test]
fn a_certificate_must_be_vouched_for() {
    let (address, pem) = serve_tls(answer("200 OK", r#"{"id":3,"schema":"\"long\""}"#));
    let ask =
        |access: Access| Registry::new(format!("https://{address}").parse().unwrap(), access).by_key(SchemaKey::Id(3));
    let unknown = ask(Access::new(None, PATIENT)).unwrap_err();
    assert!(matches!(unknown, RegistryError::Untrusted { .. }), "{unknown}");
    assert!(unknown.to_string().contains("`registry.ca`"), "{unknown}");
    assert_eq!(ask(Access::new(None, PATIENT).with_authorities(&pem).unwrap()).unwrap().text, "\"long\"");
}
