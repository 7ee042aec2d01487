//! hyper_client URL [BODY]: gets, or posts; prints status and body.

use hyper::{body::HttpBody, Body, Client, Request};
use std::io::Write;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let request = Request::builder().uri(args.next().unwrap());
    let request = match args.next() {
        Some(body) => request.method("POST").body(Body::from(body))?,
        None => request.body(Body::empty())?,
    };
    let mut response = Client::new().request(request).await?;
    println!("{}", response.status());
    while let Some(piece) = response.body_mut().data().await {
        std::io::stdout().write_all(&piece?)?;
    }
    Ok(())
}
