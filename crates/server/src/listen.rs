//! The listener: plain or TLS, trusted proxies, graceful stop.
//!
//! Invariant: what the handlers read of `X-Forwarded-Proto`, `X-Request-Id` and
//! [`ConnectInfo`] was written here; what a stranger sent under those names is dropped.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use arc_swap::ArcSwap;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Request, header};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use ipnet::IpNet;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

/// At most so many connections at once; the next ones are turned away.
const CONNECTIONS: usize = 2048;
/// A request's head, and a handshake, arrive within this time.
const HEAD: Duration = Duration::from_secs(15);
/// A request, its body included, is answered within this time.
const REQUEST: Duration = Duration::from_secs(120);

/// How the door stands.
pub struct Door {
    pub tls: Option<(PathBuf, PathBuf)>,
    pub proxies: Vec<IpNet>,
    /// Makes an id for each request.
    pub request_id: Arc<dyn Fn() -> String + Send + Sync>,
}

/// Binds the address; from here on connections wait in the queue.
///
/// # Errors
/// If the address is taken or can't be bound.
pub async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("can't listen on {address}"))
}

/// Serves until SIGTERM or SIGINT; then answers what is under way (at most 20 s) and returns.
///
/// # Errors
/// If the certificate can't be read at the start.
pub async fn serve(listener: TcpListener, door: Door, router: Router) -> Result<()> {
    let tls = door.tls.as_ref().map(|(certificate, key)| Tls::new(certificate, key)).transpose()?;
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let hall = Hall { graceful: GracefulShutdown::new(), door: Arc::new(door), tls, router, places };
    let (mut terminate, mut interrupt, mut reload) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?, signal(SignalKind::hangup())?);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => hall.receive(stream, peer),
                // Out of file descriptors, mostly: wait for some to close.
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            _ = reload.recv() => if let Some(tls) = &hall.tls { tls.reload() },
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        }
    }
    tracing::info!("stopping");
    drop(listener);
    if tokio::time::timeout(Duration::from_secs(20), hall.graceful.shutdown()).await.is_err() {
        tracing::warn!("some connections did not end in time");
    }
    Ok(())
}

/// What every connection is given.
struct Hall {
    graceful: GracefulShutdown,
    door: Arc<Door>,
    tls: Option<Tls>,
    router: Router,
    places: Arc<Semaphore>,
}

impl Hall {
    fn receive(&self, stream: TcpStream, peer: SocketAddr) {
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            tracing::warn!("too many connections: one was turned away");
            return;
        };
        let _ = stream.set_nodelay(true);
        let watcher = self.graceful.watcher();
        let (door, router) = (self.door.clone(), self.router.clone());
        let acceptor = self.tls.as_ref().map(Tls::acceptor);
        tokio::spawn(async move {
            let _place = place;
            let secure = acceptor.is_some();
            let service =
                TowerToHyperService::new(tower::service_fn(move |mut request: Request<hyper::body::Incoming>| {
                    mark(&mut request, peer, secure, &door);
                    let machine = request.uri().path().strip_prefix(api::MOUNT).is_some_and(below);
                    let late = if machine { api::timed_out } else { web::timed_out };
                    in_time((REQUEST, late), router.clone().oneshot(request.map(Body::new)))
                }));
            // HTTP/2 is what TLS agreed on. To find out by listening would wait for a silent caller
            // without end.
            let (io, two): (Box<dyn Stream>, bool) = match acceptor {
                None => (Box::new(stream), false),
                Some(acceptor) => match tokio::time::timeout(HEAD, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => {
                        let two = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                        (Box::new(stream), two)
                    }
                    _ => return,
                },
            };
            let connection = builder(two).serve_connection(TokioIo::new(io), service).into_owned();
            if let Err(error) = watcher.watch(connection).await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
}

fn builder(two: bool) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD);
    let ping = Duration::from_secs(30);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(64).keep_alive_interval(ping);
    if two { builder.http2_only() } else { builder.http1_only() }
}

/// Whether the rest of a path lies at or below what was taken off.
fn below(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('/')
}

/// Nobody holds a handler for ever by sending a body drop by drop.
async fn in_time<E>(
    (limit, late): (Duration, fn() -> Response),
    answer: impl Future<Output = Result<Response, E>>,
) -> Result<Response, E> {
    match tokio::time::timeout(limit, answer).await {
        Ok(answer) => answer,
        Err(_) => Ok(([(header::CONNECTION, "close")], late()).into_response()),
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Writes who asks and how into the request.
fn mark<B>(request: &mut Request<B>, peer: SocketAddr, secure: bool, door: &Door) {
    let trusted = door.proxies.iter().any(|net| net.contains(&peer.ip().to_canonical()));
    let headers = request.headers_mut();
    let forwarded = |headers: &http::HeaderMap, name: &str| {
        let value = headers.get(name).filter(|_| trusted)?;
        value.to_str().ok().map(str::to_owned)
    };
    // Proxies that add a line of their own instead of lengthening the list count too.
    let lines = headers.get_all("x-forwarded-for").iter().filter(|_| trusted);
    let list: Vec<&str> = lines.map(|line| line.to_str().unwrap_or("?")).collect();
    let client = client_address(&list.join(","), &door.proxies);
    let https = forwarded(headers, "x-forwarded-proto").map_or(secure, |proto| proto.trim() == "https");
    if let Some(host) = forwarded(headers, "x-forwarded-host").and_then(|host| host.parse::<HeaderValue>().ok()) {
        headers.insert(http::header::HOST, host);
    }
    for name in ["x-forwarded-for", "x-forwarded-host", "forwarded"] {
        headers.remove(name);
    }
    headers.insert("x-forwarded-proto", HeaderValue::from_static(if https { "https" } else { "http" }));
    let id = forwarded(headers, "x-request-id").filter(|id| sane(id)).unwrap_or_else(|| (door.request_id)());
    if let Ok(id) = id.parse() {
        headers.insert("x-request-id", id);
    }
    let address = client.unwrap_or(peer.ip());
    request.extensions_mut().insert(ConnectInfo(SocketAddr::new(address, peer.port())));
    // The host and the scheme were settled here, so nothing forwarded is left for `api` to believe.
    request.extensions_mut().insert(api::Peer { address, secure: https, trusted_proxy: false });
}

/// The last address of the list that is no trusted proxy: what stands before it anyone may have written.
fn client_address(list: &str, proxies: &[IpNet]) -> Option<IpAddr> {
    let mut addresses = list.rsplit(',').map_while(|text| address(text.trim()));
    addresses.find(|address| !proxies.iter().any(|net| net.contains(address)))
}

/// `190.0.0.1`, `190.0.0.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`: some proxies tell the port too.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let found = text.parse::<SocketAddr>().map(|both| both.ip()).or_else(|_| bare.parse());
    found.ok().map(|address| address.to_canonical())
}

fn sane(id: &str) -> bool {
    (8..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The certificate in force.
struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    current: ArcSwap<ServerConfig>,
}

impl Tls {
    fn new(certificate: &Path, key: &Path) -> Result<Self> {
        let current = ArcSwap::from_pointee(tls_config(certificate, key)?);
        Ok(Self { certificate: certificate.to_owned(), key: key.to_owned(), current })
    }

    fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.current.load_full())
    }

    /// Takes the files anew; keeps the old certificate if they can't be read.
    fn reload(&self) {
        match tls_config(&self.certificate, &self.key) {
            Ok(config) => {
                self.current.store(Arc::new(config));
                tracing::info!("certificate read again");
            }
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "the new certificate can't be used; the old one stays")
            }
        }
    }
}

fn tls_config(certificate: &Path, key: &Path) -> Result<ServerConfig> {
    let read = |path: &Path| std::fs::read(path).with_context(|| format!("can't read {}", path.display()));
    let chain = rustls_pemfile::certs(&mut read(certificate)?.as_slice()).collect::<Result<Vec<_>, _>>()?;
    anyhow::ensure!(!chain.is_empty(), "{} holds no certificate", certificate.display());
    let private = rustls_pemfile::private_key(&mut read(key)?.as_slice())?
        .with_context(|| format!("{} holds no private key", key.display()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, private)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(peer: &str, headers: &[(&str, &str)]) -> Request<()> {
        let door = Door {
            tls: None,
            proxies: vec!["10.0.0.0/8".parse().unwrap()],
            request_id: Arc::new(|| "made-here".to_owned()),
        };
        let mut request = Request::new(());
        for (name, value) in headers {
            request.headers_mut().append(http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        mark(&mut request, SocketAddr::new(peer.parse().unwrap(), 9), false, &door);
        request
    }

    fn client(request: &Request<()>) -> String {
        request.extensions().get::<ConnectInfo<SocketAddr>>().unwrap().ip().to_string()
    }

    const FORGED: &[(&str, &str)] = &[
        ("x-forwarded-for", "1.2.3.4, 190.0.0.1, 10.0.0.9"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "salud.example"),
        ("x-request-id", "abcdefgh-1"),
    ];

    #[test]
    fn a_stranger_can_not_forge_where_it_comes_from() {
        let request = marked("203.0.113.7", FORGED);
        assert_eq!(client(&request), "203.0.113.7");
        assert_eq!(request.headers()["x-forwarded-proto"], "http");
        assert_eq!(request.headers()["x-request-id"], "made-here");
        assert!(!request.headers().contains_key("host"));
    }

    #[test]
    fn a_trusted_proxy_tells_the_client() {
        let request = marked("10.1.1.1", FORGED);
        assert_eq!(client(&request), "190.0.0.1");
        assert_eq!(request.headers()["x-forwarded-proto"], "https");
        assert_eq!(request.headers()["x-request-id"], "abcdefgh-1");
        assert_eq!(request.headers()["host"], "salud.example");
    }

    #[test]
    fn each_line_of_a_list_counts_and_ports_do_not() {
        let told = |values: &[&str]| {
            let headers: Vec<_> = values.iter().map(|value| ("x-forwarded-for", *value)).collect();
            client(&marked("10.1.1.1", &headers))
        };
        assert_eq!(told(&["1.2.3.4", "190.0.0.1, 10.0.0.9"]), "190.0.0.1", "the first line is anyone's");
        assert_eq!(told(&["190.0.0.1:4711"]), "190.0.0.1");
        assert_eq!(told(&["[2001:db8::1]:4711"]), "2001:db8::1");
        assert_eq!(told(&["190.0.0.1, ?"]), "10.1.1.1", "what can't be read is not believed");
    }

    #[tokio::test]
    async fn a_request_without_end_is_ended_in_the_words_of_whoever_asked() {
        for (late, kind) in
            [(api::timed_out as fn() -> Response, "application/fhir+json"), (web::timed_out, "text/html")]
        {
            let never = std::future::pending::<Result<Response, ()>>();
            let answer = in_time((Duration::from_millis(1), late), never).await.unwrap();
            assert_eq!(answer.status(), http::StatusCode::REQUEST_TIMEOUT);
            assert_eq!(answer.headers()["connection"], "close");
            assert!(answer.headers()["content-type"].to_str().unwrap().starts_with(kind));
        }
        assert!(below("") && below("/Patient") && !below("x"));
    }
}
