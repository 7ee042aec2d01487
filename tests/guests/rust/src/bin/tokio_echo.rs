//! An echo server with a task for each connection.
//!
//! tokio_echo CONNECTIONS: serves so many, then says how many there were at once.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

static PRESENT: AtomicUsize = AtomicUsize::new(0);

async fn echo(mut stream: TcpStream) -> std::io::Result<()> {
    let mut data = vec![0; 4096];
    loop {
        let size = stream.read(&mut data).await?;
        if size == 0 {
            return Ok(());
        }
        stream.write_all(&data[..size]).await?;
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let connections: usize = std::env::args().nth(1).unwrap().parse().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("port {}", listener.local_addr()?.port());
    let mut most = 0;
    for _ in 0..connections {
        let (stream, _) = listener.accept().await?;
        most = most.max(PRESENT.fetch_add(1, Relaxed) + 1);
        tokio::spawn(async {
            echo(stream).await.unwrap();
            PRESENT.fetch_sub(1, Relaxed);
        });
    }
    // Not by waiting for the tasks: with tokio_wasi the end of a task does not wake the main one.
    while PRESENT.load(Relaxed) > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    println!("at most {most} at once");
    Ok(())
}
