//! A server as one writes it with the standard library: blocking sockets, one client after the other.
//!
//! blocking CONNECTIONS: answers lines of TCP connections in upper case, then datagrams reversed until one is empty.

use std::io::{BufRead, BufReader, Write};
use wasmedge_wasi_socket::{Shutdown, TcpListener, UdpSocket};

fn main() -> std::io::Result<()> {
    let connections: u32 = std::env::args().nth(1).unwrap().parse().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0", false)?;
    let udp = UdpSocket::bind("127.0.0.1:0")?;
    println!("port {}", listener.local_addr()?.port());
    println!("udp {}", udp.as_ref().get_local()?.port());
    for _ in 0..connections {
        let (stream, peer) = listener.accept(false)?;
        assert_eq!(peer, stream.peer_addr()?);
        for line in BufReader::new(&stream).lines() {
            writeln!(&stream, "{}", line?.to_uppercase())?;
        }
        stream.shutdown(Shutdown::Write)?;
    }
    let mut datagram = [0; 2048];
    loop {
        let (size, peer) = udp.recv_from(&mut datagram)?;
        datagram[..size].reverse();
        udp.send_to(&datagram[..size], peer)?;
        if size == 0 {
            println!("end");
            return Ok(());
        }
    }
}
