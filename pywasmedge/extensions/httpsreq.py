"""The modules ``wasmedge_httpsreq`` and ``httpsreq`` (0.11.0): a request over TLS, and its answer.

The guest's request goes to a server as it is. Certificates are verified, with the system's roots
or those that the environment variable ``SSL_CERT_FILE`` names; the address has to be one that the
guest may connect to.
"""

from __future__ import annotations

from ..base.errors import ErrCode, Trap
from ..host.modules import HostModule
from ..runtime.core import Caller

TYPE_CHECKING = False
if TYPE_CHECKING:
    from socket import socket
    from typing import Protocol

    from ..host.annotations import i32
    from ..host.slices import Bytes

    class Surroundings(Protocol):
        """What the plugin finds in its VM."""

        def connect(self, host: str, port: int, timeout: float | None = None) -> socket:
            """Connect as the guest may."""


SECONDS = 60.0
"""Longest wait for each step: connecting, the handshake, each piece of the answer."""
MOST_BYTES = 256 << 20
"""A longer answer is an error."""


class Requests:
    """The last answer of one guest."""

    def __init__(self, surroundings: Surroundings | None = None) -> None:
        self._surroundings = surroundings
        self.answer = b""

    def send(self, host: bytes, port: int, request: bytes) -> None:
        """Send a request and keep the answer.

        Raises:
            Trap: 0x07, something failed; there is no answer then.
        """
        self.answer = b""
        try:
            if self._surroundings is None:
                raise PermissionError(1, "no network for the guest")
            name = host.decode("ascii")
            with self._surroundings.connect(name, port & 0xFFFF, SECONDS) as connection:
                self.answer = _exchange(connection, name, request)
        except (OSError, ValueError) as error:
            where = f"{host.decode('ascii', 'replace')}:{port}"
            raise Trap(ErrCode.EXECUTION_FAILED, f"HTTPS request to {where}: {error}") from None


def _exchange(connection: socket, name: str, request: bytes) -> bytes:
    """The answer to a request, up to its end or the end of the connection."""
    import ssl

    context = ssl.create_default_context()
    with context.wrap_socket(connection, server_hostname=name) as secure:
        secure.sendall(request)
        message = Message(head_only=request.startswith(b"HEAD "))
        try:
            while not message.complete:
                data = secure.recv(1 << 16)
                if not data:
                    break
                message.feed(data)
        except ssl.SSLEOFError:  # the peer ended without saying so
            pass
        if message.measured and not message.complete:
            raise ValueError("the connection ended in the middle of the answer")
        return bytes(message.data)


class Message:
    """An answer as it comes in, looked at only to find its end (RFC 9112).

    Attributes:
        data: what has come.
        complete: whether all is there; never for answers that end with the connection.
        measured: whether the head says where it ends.
    """

    def __init__(self, *, head_only: bool = False) -> None:
        self.data = bytearray()
        self.complete = False
        self.measured = False
        self._head_only = head_only
        self._head = 0
        self._body = -1
        self._end = -1
        self._chunk = -1

    def feed(self, data: bytes) -> None:
        """Add what has come; raises ``ValueError`` if it becomes too much."""
        self.data += data
        if len(self.data) > MOST_BYTES:
            raise ValueError(f"an answer of more than {MOST_BYTES} bytes")
        while self._body < 0:
            end = self.data.find(b"\r\n\r\n", self._head)
            if end < 0:
                return
            head = bytes(self.data[self._head : end + 2])
            if head[9:10] == b"1":  # an interim answer
                self._head = end + 4
            else:
                self._read_head(head, end + 4)
        if self._end >= 0:
            self.complete = len(self.data) >= self._end
        elif self._chunk >= 0:
            self._read_chunks()

    def _read_head(self, head: bytes, body: int) -> None:
        self._body = body
        fields: dict[bytes, bytes] = {}
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            fields[name.strip().lower()] = value.strip().lower()
        length = fields.get(b"content-length", b"")
        if self._head_only or head[9:12] in (b"204", b"304"):
            self._end = body
        elif fields.get(b"transfer-encoding", b"").endswith(b"chunked"):
            self._chunk = body
        elif length.isdigit():
            self._end = body + int(length)
        self.measured = self._end >= 0 or self._chunk >= 0

    def _read_chunks(self) -> None:
        while not self.complete:
            end = self.data.find(b"\r\n", self._chunk)
            if end < 0:
                return
            size = int(self.data[self._chunk : end].partition(b";")[0], 16)
            if size:
                after = end + 2 + size + 2
                if after > len(self.data):
                    return
                self._chunk = after
                continue
            if self.data.startswith(b"\r\n", end + 2):
                self.complete = True
            else:
                self.complete = self.data.find(b"\r\n\r\n", end) >= 0
            return


def _declare(module: str, prefix: str) -> HostModule:
    host = HostModule(module, state=Requests)

    @host.named(f"{prefix}send_data")
    def send_data(requests: Requests, server: Bytes, port: i32, request: Bytes) -> None:
        """Send a request; traps if that fails."""
        requests.send(server, port, request)

    @host.named(f"{prefix}get_rcv_len")
    def get_rcv_len(requests: Requests) -> i32:
        """Bytes of the last answer, 0 before any."""
        return len(requests.answer)

    @host.named(f"{prefix}get_rcv")
    def get_rcv(requests: Requests, caller: Caller, buffer: i32) -> None:
        """Store the last answer."""
        caller.write(buffer, requests.answer)

    return host


host = _declare("wasmedge_httpsreq", "wasmedge_httpsreq_")
old = _declare("httpsreq", "")
