//! Webhooks that behave, and all the ways in which they do not. Each is a real server on loopback.

use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use serde_json::json;
use ureq::Proxy;
use ureq::tls::{Certificate, RootCerts};

use super::call::Way;
use super::rule::Patience;
use super::served::{Does, OK, Webhook};
use super::telling::tell;
use super::url::NotifyUrl;
use super::{NotifyError, Told};
use crate::loopback_certificate::{acceptor, certificate};
use crate::stop::StopFlag;

const DIRECT: Way = Way { proxy: None, roots: RootCerts::PlatformVerifier };
const UNAVAILABLE: Does = Does::Says("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");

/// For webhooks that answer: hardly a pause, and time enough on a machine that has much else to do.
const LONG: Patience = Patience {
    whole: Duration::from_secs(120),
    call: Duration::from_secs(60),
    least: Duration::from_millis(1),
    first_pause: Duration::from_millis(1),
    longest_pause: Duration::from_millis(1),
};

/// For webhooks that do not.
const SHORT: Patience = Patience {
    whole: Duration::from_millis(500),
    call: Duration::from_millis(100),
    least: Duration::from_millis(60),
    ..LONG
};

fn told(url: &NotifyUrl, way: &Way, patience: &Patience) -> Result<u32, String> {
    let told = tell(url, &json!({ "text": "green" }).to_string(), way, patience, &StopFlag::default());
    told.map(|told| told.tries).map_err(|error| error.to_string())
}

fn refusal(webhook: &Webhook) -> String {
    told(&webhook.url(), &DIRECT, &LONG).unwrap_err()
}

#[test]
fn a_webhook_is_told_once_what_there_is_to_tell() {
    let webhook = Webhook::that(&[OK]);
    assert_eq!(told(&webhook.url_of("hooks/T0?thread=7"), &DIRECT, &LONG), Ok(1));
    let calls = webhook.calls();
    assert_eq!(calls.len(), 1);
    let (head, body) = calls[0].split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /hooks/T0?thread=7 HTTP/1.1\r\n"), "{head}");
    assert!(head.to_lowercase().contains("content-type: application/json"), "{head}");
    assert!(head.contains(concat!("floodmark/", env!("CARGO_PKG_VERSION"))), "{head}");
    assert_eq!(body, r#"{"text":"green"}"#);
}

#[test]
fn the_login_of_an_address_is_handed_over() {
    let webhook = Webhook::that(&[OK]);
    let url = format!("http://me:hunter2@{}/", webhook.address()).parse().unwrap();
    assert_eq!(told(&url, &DIRECT, &LONG), Ok(1));
    assert!(webhook.calls()[0].contains("Basic bWU6aHVudGVyMg=="));
}

#[test]
fn what_fails_for_a_while_is_told_in_the_end() {
    let limited = Does::Says("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n");
    let garbled = Does::Says("220 mail.example.com ESMTP\r\n\r\n");
    let webhook = Webhook::that(&[UNAVAILABLE, limited, Does::Closes, garbled, OK]);
    assert_eq!(told(&webhook.url(), &DIRECT, &LONG), Ok(5));
}

#[test]
fn a_call_that_hangs_is_given_up_and_made_again() {
    let webhook = Webhook::that(&[Does::Hangs, OK]);
    let patience = Patience { call: SHORT.call, ..LONG };
    assert!(told(&webhook.url(), &DIRECT, &patience).unwrap() >= 2);
}

#[test]
fn what_never_answers_is_given_up() {
    for does in [Does::Hangs, Does::Drips] {
        let said = told(&Webhook::that(&[does]).url(), &DIRECT, &SHORT).unwrap_err();
        assert!(said.contains(" was not told: no answer within 0."), "{said}");
    }
}

#[test]
fn a_server_that_asks_for_too_much_patience_is_not_called_again() {
    let webhook = Webhook::that(&[Does::Says("HTTP/1.1 503 Busy\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n")]);
    let said = refusal(&webhook);
    assert!(said.ends_with("it answered 503 Service Unavailable, to be tried again in 3600 s"), "{said}");
    assert_eq!(webhook.calls().len(), 1);
}

#[test]
fn a_refusal_is_final_and_says_why_in_the_servers_words() {
    let webhook = Webhook::that(&[Does::Says("HTTP/1.1 404 Not Found\r\nContent-Length: 10\r\n\r\nno_service")]);
    let said = refusal(&webhook);
    assert_eq!(said, format!("http://{} was not told: it answered 404 Not Found, \"no_service\"", webhook.address()));
    assert_eq!(webhook.calls().len(), 1);
}

#[test]
fn words_that_repeat_the_address_or_are_no_words_are_not_shown() {
    for answer in [
        "HTTP/1.1 404 Not Found\r\n\r\nno such token: HUNTER2",
        "HTTP/1.1 404 Not Found\r\n\r\n<pre>Cannot POST</pre>",
        "HTTP/1.1 404 Not Found\r\n\r\n\x1b[31mred",
        "HTTP/1.1 404 Not Found\r\n\r\n",
    ] {
        let said = refusal(&Webhook::that(&[Does::Says(answer)]));
        assert!(said.ends_with("it answered 404 Not Found"), "{said}");
    }
}

#[test]
fn a_redirect_is_not_followed_and_says_where_it_leads() {
    let stranger = Webhook::that(&[OK]);
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let to = format!("http://{}/hunter2", stranger.address());
        let answer = format!("HTTP/1.1 {status}\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
        let webhook = Webhook::that(&[Does::Says(answer.leak())]);
        let said = refusal(&webhook);
        let words = format!("it answered {status}, a redirect to http://{}, which is not followed", stranger.address());
        assert!(said.contains(&words) && !said.contains("hunter2"), "{said}");
        assert_eq!(webhook.calls().len(), 1);
    }
    assert_eq!(stranger.calls().len(), 0);
}

#[test]
fn nobody_there_is_said_after_a_few_tries() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let said = told(&format!("http://{port}/hunter2").parse().unwrap(), &DIRECT, &SHORT).unwrap_err();
    assert!(said.starts_with(&format!("http://{port} was not told: no connection: Connection refused")), "{said}");
    assert!(said.contains("(the last of ") && !said.contains("hunter2"), "{said}");
}

#[test]
fn a_host_without_an_address_is_said() {
    let said = told(&"http://webhook.invalid/hunter2".parse().unwrap(), &DIRECT, &SHORT).unwrap_err();
    assert!(said.starts_with("http://webhook.invalid was not told: no "), "{said}");
}

#[test]
fn a_stop_ends_it_at_once() {
    let webhook = Webhook::that(&[Does::Hangs]);
    let (url, stop) = (webhook.url(), StopFlag::default());
    let asks = stop.clone();
    let waits = thread::spawn(move || {
        webhook.wait_for_a_call();
        asks.set();
    });
    assert!(matches!(tell(&url, "{}", &DIRECT, &LONG, &stop), Err(NotifyError::Stopped { .. })));
    waits.join().unwrap();
}

#[test]
fn a_stop_that_ended_the_night_does_not_keep_it_from_being_told() {
    let (webhook, stop) = (Webhook::that(&[UNAVAILABLE, OK]), StopFlag::default());
    stop.set();
    assert_eq!(tell(&webhook.url(), "{}", &DIRECT, &LONG, &stop).unwrap(), Told { tries: 2 });
    let (hangs, again) = (Webhook::that(&[Does::Hangs]), stop.clone());
    again.set();
    assert!(matches!(tell(&hangs.url(), "{}", &DIRECT, &LONG, &stop), Err(NotifyError::Stopped { .. })));
}

#[test]
fn a_proxy_is_asked_to_let_the_call_through() {
    let (proxy, url) = (Webhook::that(&[Does::Tunnels]), "http://webhook.invalid/hunter2".parse().unwrap());
    let way = Way { proxy: Some(Proxy::new(&proxy.address().to_string()).unwrap()), ..DIRECT };
    assert_eq!(told(&url, &way, &LONG), Ok(1));
    let calls = proxy.calls();
    assert!(calls[0].starts_with("CONNECT webhook.invalid:80 HTTP/1.1\r\n") && !calls[0].contains("hunter2"));
    assert!(calls[1].starts_with("POST /hunter2 HTTP/1.1\r\n"));
}

#[test]
fn a_proxy_that_refuses_is_named() {
    let proxy = Webhook::that(&[Does::Says("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")]);
    let login = format!("http://me:hunter2@{}", proxy.address());
    let way = Way { proxy: Some(Proxy::new(&login).unwrap()), ..DIRECT };
    let said = told(&"https://webhook.invalid/hunter2".parse().unwrap(), &way, &SHORT).unwrap_err();
    assert!(
        said.contains(&format!("was not told through the proxy {}: the proxy let nothing", proxy.address())),
        "{said}"
    );
    assert!(said.contains("403") && !said.contains("hunter2"), "{said}");
}

#[test]
fn a_certificate_must_be_vouched_for() {
    let (certificate, key) = certificate();
    let webhook = Webhook::behind(acceptor(&certificate, &key), &[OK]);
    let said = refusal(&webhook);
    assert!(said.contains("was not told: its certificate is not trusted (self") && !said.contains("last of"), "{said}");
    assert_eq!(webhook.calls().len(), 0, "nothing was sent");
    let authority = Certificate::from_der(&certificate.to_der().unwrap()).to_owned();
    let way = Way { roots: RootCerts::new_with_certs(&[authority]), ..DIRECT };
    assert_eq!(told(&webhook.url(), &way, &LONG), Ok(1));
    assert!(webhook.calls()[0].starts_with("POST /hooks/T0/hunter2 "));
    let other = format!("https://localhost:{}/", webhook.address().port()).parse().unwrap();
    let said = told(&other, &way, &LONG).unwrap_err();
    assert!(said.contains("its certificate is not trusted (hostname mismatch)"), "{said}");
}

#[test]
fn https_at_a_port_without_tls_is_said() {
    let webhook = Webhook::that(&[UNAVAILABLE]);
    let url = format!("https://{}/hunter2", webhook.address()).parse().unwrap();
    let said = told(&url, &DIRECT, &SHORT).unwrap_err();
    assert!(said.starts_with(&format!("https://{} was not told: ", webhook.address())), "{said}");
    assert!(!said.contains("hunter2") && !said.contains("error:"), "{said}");
}
