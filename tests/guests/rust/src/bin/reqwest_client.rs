//! reqwest_client URL [TEXT]: gets, following redirections, or posts {"text": TEXT}; prints status, last URL and body.

use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), reqwest::Error> {
    let mut args = std::env::args().skip(1);
    let (client, url) = (reqwest::Client::new(), args.next().unwrap());
    let response = match args.next() {
        Some(text) => client.post(url).json(&json!({ "text": text })).send().await?,
        None => client.get(url).send().await?,
    };
    println!("{} {}", response.status(), response.url().path());
    println!("{}", response.text().await?);
    Ok(())
}
