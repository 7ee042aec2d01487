//! https_client PORT NAME CERTIFICATE PATH: gets https://NAME:PORT/PATH from 127.0.0.1, trusting CERTIFICATE (a file) alone.
//! TLS is in the guest.

use rustls::pki_types::{pem::PemObject, CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{copy, Write};
use std::sync::Arc;
use wasmedge_wasi_socket::TcpStream;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let (port, name, certificate, path) = (&args[1], &args[2], &args[3], &args[4]);
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate)?)?;
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let connection = ClientConnection::new(Arc::new(config), ServerName::try_from(name.clone())?)?;
    let mut stream = StreamOwned::new(connection, TcpStream::connect(("127.0.0.1", port.parse()?))?);
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {name}\r\n\r\n")?;
    println!("{:?} {:?}", stream.conn.protocol_version().unwrap(),
             stream.conn.negotiated_cipher_suite().unwrap().suite());
    copy(&mut stream, &mut std::io::stdout())?;
    Ok(())
}
