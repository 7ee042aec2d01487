//! An HTTP server: answers with method, path and body; ends behind a request for /quit.

use hyper::server::conn::Http;
use hyper::service::service_fn;
use hyper::{Body, Request, Response, StatusCode};
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use tokio::net::TcpListener;

static QUIT: AtomicBool = AtomicBool::new(false);

async fn answer(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let path = request.uri().path().to_string();
    let head = format!("{} {path}\n", request.method());
    let body = hyper::body::to_bytes(request.into_body()).await.unwrap();
    let mut response = Response::new(Body::from([head.as_bytes(), &body].concat()));
    match path.as_str() {
        "/quit" => QUIT.store(true, Relaxed),
        "/missing" => *response.status_mut() = StatusCode::NOT_FOUND,
        _ => (),
    }
    Ok(response)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("port {}", listener.local_addr()?.port());
    while !QUIT.load(Relaxed) {
        let (stream, _) = listener.accept().await?;
        if let Err(error) = Http::new().serve_connection(stream, service_fn(answer)).await {
            println!("{error}");
        }
    }
    Ok(())
}
