"""The module ``rustls_client``: the client's side of TLS for guests that move the bytes themselves.

It has no connection of its own: the guest sends what ``write_tls`` gives and brings what it
receives to ``read_tls``. Certificates are verified, with the system's roots or those that the
environment variable ``SSL_CERT_FILE`` names.
"""

from __future__ import annotations

import threading
from contextlib import suppress

from ..host.modules import HostError, HostModule
from ..runtime.core import Caller

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl

    from ..host.annotations import i32

WRONG, ALERT, CERTIFICATE, GENERAL, WOULD_BLOCK, BROKEN_OFF = -1, -12, -16, -18, -25, -26
MOST_CODECS = 1024
"""Most codecs of a guest at the same time."""
MOST_WAITING = 64 << 10
"""Most bytes of plaintext that wait for the end of the handshake."""
_PIECE = 16 << 10


class TlsError(HostError):
    """A function fails; ``number`` is negative."""

    OUTSIDE = WRONG


class Codec:
    """One connection's protocol state. What is done with it happens one after the other."""

    def __init__(self, context: ssl.SSLContext, name: str) -> None:
        """Begin the handshake with a server of that name; raises ``ValueError`` for no name."""
        import ssl

        self.lock = threading.Lock()
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context.wrap_bio(self._in, self._out, server_hostname=name)
        self._waiting = bytearray()
        self._plain = bytearray()
        self.handshaking = True
        self.closed = False
        self._ended = False
        self._go_on()

    @property
    def wants(self) -> int:
        """Bit 0: wants TLS bytes to read; bit 1: has some to be written."""
        write = self._out.pending > 0
        read = not (self._plain or self.closed or (self.handshaking and write))
        return read | write << 1

    def process(self) -> tuple[int, int, bool]:
        """Work on what has come: bytes to write, plaintext to read, whether the peer has closed.

        Raises:
            TlsError: the connection has failed; an alert may wait to be written.
        """
        self._go_on()
        return self._out.pending, len(self._plain), self.closed

    def _go_on(self) -> None:
        import ssl

        try:
            if self.handshaking:
                self._object.do_handshake()
                self.handshaking = False
                if self._waiting:
                    self._object.write(bytes(self._waiting))
                    self._waiting.clear()
            while len(self._plain) < MOST_WAITING:
                data = self._object.read(_PIECE)
                if not data:
                    self.closed = True
                    return
                self._plain += data
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.closed = True
        except ssl.SSLEOFError:
            self._ended = True
        except ssl.SSLCertVerificationError as error:
            raise TlsError(CERTIFICATE, error.verify_message) from None
        except ssl.SSLError as error:
            number = ALERT if "ALERT" in (error.reason or "") else GENERAL
            raise TlsError(number, str(error)) from None

    def write(self, data: bytes) -> int:
        """Take plaintext; how many bytes of it. Before the end of the handshake it waits."""
        import ssl

        if self.handshaking:
            data = data[: MOST_WAITING - len(self._waiting)]
            self._waiting += data
            return len(data)
        try:
            return self._object.write(data) if data else 0
        except ssl.SSLError as error:
            raise TlsError(GENERAL, str(error)) from None

    def read(self, room: memoryview) -> int:
        """Give plaintext; how many bytes of it, 0 once the peer has closed and all is read."""
        if not self._plain and not self.closed and not self.handshaking:
            self._go_on()
        if not self._plain:
            if self.closed:
                return 0
            raise TlsError(BROKEN_OFF if self._ended else WOULD_BLOCK)
        size = min(len(room), len(self._plain))
        room[:size] = self._plain[:size]
        del self._plain[:size]
        return size

    def outgoing(self, room: memoryview) -> int:
        """Give TLS bytes to be sent; how many."""
        data = self._out.read(len(room)) if len(room) else b""
        room[: len(data)] = data
        return len(data)

    def incoming(self, data: bytes) -> int:
        """Take TLS bytes that were received; how many. None at all: the connection has ended."""
        if not data:
            self._in.write_eof()
            return 0
        if self._in.eof:
            return 0
        data = data[: MOST_WAITING - self._in.pending]
        self._in.write(data)
        return len(data)

    def close_notify(self) -> None:
        """Have the peer be told that nothing more will come."""
        import ssl

        if not self.handshaking:
            with suppress(ssl.SSLError):  # it does not wait for the peer's
                self._object.unwrap()


class Codecs:
    """The codecs of a guest by number, the lowest that is free."""

    def __init__(self) -> None:
        self._codecs: dict[int, Codec] = {}
        self._context: ssl.SSLContext | None = None
        self._lock = threading.Lock()

    def open(self, name: str) -> int:
        """Make a codec for a connection to a server; its number."""
        import ssl

        with self._lock:
            if self._context is None:
                self._context = ssl.create_default_context()
            number = next(i for i in range(MOST_CODECS + 1) if i not in self._codecs)
            if number == MOST_CODECS or not _is_host(name):
                raise TlsError(WRONG, f"no name of a host: {name!r}")
            try:
                self._codecs[number] = Codec(self._context, name)
            except (ValueError, ssl.SSLError) as error:
                raise TlsError(WRONG, str(error)) from None
        return number

    def __getitem__(self, number: int) -> Codec:
        found = self._codecs.get(number)
        if found is None:
            raise TlsError(WRONG, f"no codec {number}")
        return found

    def delete(self, number: int) -> None:
        """Forget a codec, if there is one of this number."""
        self._codecs.pop(number, None)


def _is_host(name: str) -> bool:
    """Whether a text may be the name or the address of a host."""
    labels = name.removesuffix(".").split(".")
    return len(name) < 255 and all(
        label and label.replace("-", "").replace("_", "").replace(":", "").isalnum()
        for label in labels
    )


host = HostModule("rustls_client", state=Codecs, errors=TlsError)


@host.function
def default_config(codecs: Codecs) -> i32:
    """The only configuration: the usual roots, no certificate of the client."""
    return 0


@host.function
def new_codec(codecs: Codecs, caller: Caller, config: i32, name: i32, length: i32) -> i32:
    """Make a codec for a connection to a server; its number. The first bytes wait to be sent."""
    raw = caller.read(name, length)
    if config:
        raise TlsError(WRONG, f"no configuration {config}")
    try:
        return codecs.open(raw.decode("ascii"))
    except UnicodeDecodeError as error:
        raise TlsError(WRONG, str(error)) from None


@host.function
def codec_is_handshaking(codecs: Codecs, codec: i32) -> i32:
    """1 before the end of the handshake, then 0."""
    return int(codecs[codec].handshaking)


@host.function
def codec_wants(codecs: Codecs, codec: i32) -> i32:
    """Bit 0: wants ``read_tls``; bit 1: wants ``write_tls``."""
    found = codecs[codec]
    with found.lock:
        return found.wants


@host.function
def delete_codec(codecs: Codecs, codec: i32) -> i32:
    """Forget a codec; always 0."""
    codecs.delete(codec)
    return 0


@host.function
def send_close_notify(codecs: Codecs, codec: i32) -> i32:
    """Have the peer be told that nothing more will come."""
    found = codecs[codec]
    with found.lock:
        found.close_notify()
    return 0


@host.function
def process_new_packets(codecs: Codecs, caller: Caller, codec: i32, state: i32) -> i32:
    """Work on what ``read_tls`` has brought.

    At ``state`` are then the number of TLS bytes to write, the number of bytes of plaintext to
    read (u32 each), and whether the peer has closed (a byte).
    """
    found = codecs[codec]
    place = caller.range(state, 12)
    with found.lock:
        write, read, closed = found.process()
    place[:] = write.to_bytes(4, "little") + read.to_bytes(4, "little") + bytes([closed, 0, 0, 0])
    return 0


@host.function
def write_raw(codecs: Codecs, caller: Caller, codec: i32, buffer: i32, size: i32) -> i32:
    """Take plaintext to be sent; how many bytes of it."""
    found = codecs[codec]
    data = caller.read(buffer, size)
    with found.lock:
        return found.write(data)


@host.function
def write_tls(codecs: Codecs, caller: Caller, codec: i32, buffer: i32, size: i32) -> i32:
    """Give TLS bytes for the guest to send; how many."""
    found = codecs[codec]
    room = caller.range(buffer, size)
    with found.lock:
        return found.outgoing(room)


@host.function
def read_raw(codecs: Codecs, caller: Caller, codec: i32, buffer: i32, size: i32) -> i32:
    """Give plaintext that was received; how many bytes, 0 when the peer has closed.

    -25: nothing is there yet; -26: the connection has ended without the peer's word.
    """
    found = codecs[codec]
    room = caller.range(buffer, size)
    with found.lock:
        return found.read(room)


@host.function
def read_tls(codecs: Codecs, caller: Caller, codec: i32, buffer: i32, size: i32) -> i32:
    """Take TLS bytes that the guest has received; how many. With none the connection has ended."""
    found = codecs[codec]
    data = caller.read(buffer, size)
    with found.lock:
        return found.incoming(data)
