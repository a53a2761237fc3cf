//! The page that Prometheus reads, in a thread of its own. A slow or hostile client costs a run nothing: few are served at once, each
//! for a few seconds, and the others are turned away.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, ALLOW, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use prometheus_client::encoding::{prometheus_text, text};
use prometheus_client::registry::Registry;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

/// How many clients are served at once.
const MOST_CLIENTS: usize = 8;
/// How long a client may take for its request and the answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest request line and headers, in bytes.
const MOST_HEAD_BYTES: usize = 16 * 1024;
/// How long to wait when the system accepts no connection: it has no file left, and the run needs those that there are.
const PAUSE: Duration = Duration::from_millis(200);

const OPEN_METRICS: &str = "application/openmetrics-text";

/// A port that is listened on, and not served yet.
#[derive(Debug)]
pub(crate) struct Endpoint {
    listener: TcpListener,
    address: SocketAddr,
}

impl Endpoint {
    /// Takes the port.
    ///
    /// # Errors
    /// What the system said: the port is in use, or the address is not this machine's.
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok(Endpoint { listener, address })
    }

    /// Where the metrics are.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/metrics", self.address)
    }

    /// Serves the metrics until the process ends.
    ///
    /// # Errors
    /// When the system has no thread for it.
    pub(crate) fn serve(self, registry: Registry) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(async { tokio::net::TcpListener::from_std(self.listener) })?;
        let serve = move || runtime.block_on(answer_all(&listener, &Arc::new(registry)));
        thread::Builder::new().name("metrics".to_owned()).spawn(serve)?;
        Ok(())
    }
}

async fn answer_all(listener: &tokio::net::TcpListener, registry: &Arc<Registry>) {
    let seats = Arc::new(Semaphore::new(MOST_CLIENTS));
    loop {
        let Ok((client, _)) = listener.accept().await else {
            sleep(PAUSE).await;
            continue;
        };
        // Without a seat the connection is closed here.
        if let Ok(seat) = Arc::clone(&seats).try_acquire_owned() {
            let registry = Arc::clone(registry);
            tokio::spawn(async move {
                // A client that does not keep to HTTP, or takes too long, is let go.
                let _let_go = timeout(PATIENCE, answer(client, registry)).await;
                drop(seat);
            });
        }
    }
}

async fn answer(client: TcpStream, registry: Arc<Registry>) -> Result<(), hyper::Error> {
    let page = service_fn(move |request: Request<Incoming>| {
        let page = page(&request, &registry);
        async move { Ok::<_, Infallible>(page) }
    });
    http1::Builder::new()
        .keep_alive(false)
        .header_read_timeout(None)
        .max_buf_size(MOST_HEAD_BYTES)
        .serve_connection(TokioIo::new(client), page)
        .await
}

fn page<B>(request: &Request<B>, registry: &Registry) -> Response<Full<Bytes>> {
    if request.uri().path() != "/metrics" {
        return said(StatusCode::NOT_FOUND, "The metrics are at /metrics.\n");
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut refused = said(StatusCode::METHOD_NOT_ALLOWED, "The metrics are only read.\n");
        refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refused;
    }
    let mut body = String::new();
    let (encoded, form) = if takes_open_metrics(request.headers()) {
        (text::encode(&mut body, registry), "application/openmetrics-text; version=1.0.0; charset=utf-8")
    } else {
        (prometheus_text::encode(&mut body, registry), prometheus_text::CONTENT_TYPE)
    };
    if encoded.is_err() {
        return said(StatusCode::INTERNAL_SERVER_ERROR, "The metrics cannot be written.\n");
    }
    let mut page = Response::new(Full::new(Bytes::from(body)));
    page.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(form));
    page
}

/// Prometheus asks for OpenMetrics; who does not, gets the older text format, which everything reads.
fn takes_open_metrics(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT).iter().any(|accept| accept.to_str().is_ok_and(|accept| accept.contains(OPEN_METRICS)))
}

fn said(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
