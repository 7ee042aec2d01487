"""Error numbers of WASI preview1, and how host errors become them."""

from __future__ import annotations

SUCCESS = 0
TOOBIG = 1
ACCES = 2
ADDRINUSE = 3
ADDRNOTAVAIL = 4
AFNOSUPPORT = 5
AGAIN = 6
ALREADY = 7
BADF = 8
BADMSG = 9
BUSY = 10
CANCELED = 11
CHILD = 12
CONNABORTED = 13
CONNREFUSED = 14
CONNRESET = 15
DEADLK = 16
DESTADDRREQ = 17
DOM = 18
DQUOT = 19
EXIST = 20
FAULT = 21
FBIG = 22
HOSTUNREACH = 23
IDRM = 24
ILSEQ = 25
INPROGRESS = 26
INTR = 27
INVAL = 28
IO = 29
ISCONN = 30
ISDIR = 31
LOOP = 32
MFILE = 33
MLINK = 34
MSGSIZE = 35
MULTIHOP = 36
NAMETOOLONG = 37
NETDOWN = 38
NETRESET = 39
NETUNREACH = 40
NFILE = 41
NOBUFS = 42
NODEV = 43
NOENT = 44
NOEXEC = 45
NOLCK = 46
NOLINK = 47
NOMEM = 48
NOMSG = 49
NOPROTOOPT = 50
NOSPC = 51
NOSYS = 52
NOTCONN = 53
NOTDIR = 54
NOTEMPTY = 55
NOTRECOVERABLE = 56
NOTSOCK = 57
NOTSUP = 58
NOTTY = 59
NXIO = 60
OVERFLOW = 61
OWNERDEAD = 62
PERM = 63
PIPE = 64
PROTO = 65
PROTONOSUPPORT = 66
PROTOTYPE = 67
RANGE = 68
ROFS = 69
SPIPE = 70
SRCH = 71
STALE = 72
TIMEDOUT = 73
TXTBSY = 74
XDEV = 75
NOTCAPABLE = 76
# Of sock_getaddrinfo.
AIADDRFAMILY = 77
AIAGAIN = 78
AIBADFLAG = 79
AIFAIL = 80
AIFAMILY = 81
AIMEMORY = 82
AINODATA = 83
AINONAME = 84
AISERVICE = 85
AISOCKTYPE = 86
AISYSTEM = 87


class WasiError(Exception):
    """A WASI function failed; the guest sees ``errno``, the host nothing.

    Attributes:
        errno: a number of this module, 1 to 87.
    """

    def __init__(self, errno: int) -> None:
        super().__init__(errno)
        self.errno = errno


_from_host: dict[int, int] = {}


def from_host(error: OSError) -> int:
    """The WASI number of a failed host call: the one of the same name, else ``IO``."""
    if not _from_host:
        import errno as host

        numbers = {name: number for name, number in globals().items() if name.isupper()}
        codes = {name: "E2BIG" if name == "TOOBIG" else f"E{name}" for name in numbers}
        _from_host.update(  # all at once: other threads may be looking
            {getattr(host, codes[n]): numbers[n] for n in numbers if hasattr(host, codes[n])}
        )
    return _from_host.get(error.errno or 0, IO)
