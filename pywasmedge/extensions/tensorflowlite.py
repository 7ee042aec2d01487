"""The module ``wasmedge_tensorflowlite``: models of TensorFlow Lite by the names of their tensors.

Functions of 0.10.0 are prefixed, with sessions and tensors as 64-bit numbers of which 0 is none;
those of the later plugin return error numbers.
"""

from __future__ import annotations

import contextlib
import threading
from itertools import count

from ..base import log
from ..host.modules import HostError, HostModule
from ..runtime.core import ArgumentFault, Caller
from .library import MissingLibraryError
from .lite import Lite, open_lite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..host.annotations import i32, i64
    from .lite import Place

INVALID_ARGUMENT, MISSING_MEMORY, BUSY = 1, 3, 4
MOST_SESSIONS = 256
"""Most sessions of a guest at the same time."""
_TENSOR_BITS = 16
"""Low bits of a tensor's number in 0.10.0 that say which output of the session it is, from 1."""


class LiteError(HostError):
    """A function fails: 1 invalid argument, 3 outside the memory, 4 failed inside."""

    OUTSIDE = MISSING_MEMORY


class Session:
    """A model with its inputs and outputs. What is done with it happens one after the other."""

    def __init__(self, lite: Lite) -> None:
        self.lite = lite
        self.lock = threading.Lock()

    def set(self, name: bytes, data: bytes) -> None:
        """Set the input of a name; raises LiteError if there is none or the size differs."""
        place = _named(self.lite.inputs, name)
        if place is None or place.size != len(data):
            raise LiteError(INVALID_ARGUMENT, f"no input {name!r} of {len(data)} bytes")
        with self.lock:
            self.lite.set(place, data)

    def run(self) -> None:
        """Run the model; raises LiteError."""
        with self.lock:
            try:
                self.lite.run()
            except Exception as error:
                raise LiteError(BUSY, str(error)) from None

    def output(self, name: bytes) -> int:
        """The number of the output of a name, from 0; raises LiteError."""
        place = _named(self.lite.outputs, name)
        if place is None:
            raise LiteError(INVALID_ARGUMENT, f"no output {name!r}")
        return self.lite.outputs.index(place)

    def place(self, number: int) -> Place:
        """An output; raises LiteError."""
        outputs = self.lite.outputs
        if not 0 <= number < len(outputs):
            raise LiteError(INVALID_ARGUMENT, f"output {number} of {len(outputs)}")
        return outputs[number]

    def data(self, number: int) -> memoryview:
        """The elements of an output; raises LiteError."""
        place = self.place(number)
        with self.lock:
            return self.lite.get(place)


def _named(places: list[Place], name: bytes) -> Place | None:
    return next((place for place in places if place.name.encode() == name), None)


class Sessions:
    """The sessions of a guest by number. Numbers count from 1 and are never used again."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._sessions: dict[int, Session] = {}

    def create(self, model: bytes) -> int:
        """Open a model; its number.

        Raises:
            LiteError: 1, it is no model or the library is missing; 4, it cannot be prepared.
        """
        if len(self._sessions) >= MOST_SESSIONS:
            raise LiteError(BUSY, f"{MOST_SESSIONS} sessions")
        try:
            lite = open_lite(model)
        except (ValueError, MissingLibraryError) as error:
            raise LiteError(INVALID_ARGUMENT, str(error)) from None
        try:
            lite.prepare()
        except Exception as error:
            raise LiteError(BUSY, str(error)) from None
        number = next(self._numbers)
        self._sessions[number] = Session(lite)
        return number

    def delete(self, number: int) -> None:
        """Forget a session, if there is one of this number."""
        self._sessions.pop(number, None)

    def __getitem__(self, number: int) -> Session:
        found = self._sessions.get(number)
        if found is None:
            raise LiteError(INVALID_ARGUMENT, f"no session {number}")
        return found


host = HostModule("wasmedge_tensorflowlite", state=Sessions, errors=LiteError)


# --- the functions of 0.10.0 ----------------------------------------------------------------------


@host.function
def wasmedge_tensorflowlite_create_session(
    sessions: Sessions, caller: Caller, model: i32, size: i32
) -> i64:
    """Open a model; 0 if it is none, and the log says why."""
    data = caller.read(model, size)
    try:
        return sessions.create(data)
    except LiteError as error:
        log.error(f"wasmedge_tensorflowlite: {error}")
        return 0


@host.function
def wasmedge_tensorflowlite_delete_session(sessions: Sessions, session: i64) -> None:
    """Forget a session."""
    sessions.delete(session)


@host.function
def wasmedge_tensorflowlite_append_input(
    sessions: Sessions, caller: Caller, session: i64, name: i32, length: i32, data: i32, size: i32
) -> None:
    """Set an input; nothing happens if there is none of that name and size."""
    wanted, content = caller.read(name, length), caller.read(data, size)
    with contextlib.suppress(LiteError):
        sessions[session].set(wanted, content)


@host.function
def wasmedge_tensorflowlite_run_session(sessions: Sessions, session: i64) -> i32:
    """Run the model; 0, or 1 and the log says why."""
    try:
        sessions[session].run()
    except LiteError as error:
        log.error(f"wasmedge_tensorflowlite: {error}")
        return 1
    return 0


@host.function
def wasmedge_tensorflowlite_get_output_tensor(
    sessions: Sessions, caller: Caller, session: i64, name: i32, length: i32
) -> i64:
    """The number of an output; 0 if there is none of that name."""
    wanted = caller.read(name, length)
    try:
        found = sessions[session].output(wanted)
        return (int(session) << _TENSOR_BITS) + found + 1
    except LiteError:
        return 0


def _tensor(sessions: Sessions, tensor: int) -> tuple[Session, int]:
    """The session of an output, and which output it is; raises LiteError."""
    return sessions[tensor >> _TENSOR_BITS], (tensor & (1 << _TENSOR_BITS) - 1) - 1


@host.function
def wasmedge_tensorflowlite_get_tensor_len(sessions: Sessions, tensor: i64) -> i32:
    """Bytes of an output; 0 if it is none."""
    try:
        session, number = _tensor(sessions, tensor)
        return session.place(number).size
    except LiteError:
        return 0


@host.function
def wasmedge_tensorflowlite_get_tensor_data(
    sessions: Sessions, caller: Caller, tensor: i64, buffer: i32
) -> None:
    """Store all of an output; nothing happens if it is none."""
    try:
        session, number = _tensor(sessions, tensor)
        data = session.data(number)
    except LiteError:
        return
    caller.write(buffer, data)


# --- those of the later plugin --------------------------------------------------------------------


def _session(sessions: Sessions, caller: Caller, number: int) -> Session:
    """The session of a number, for a guest with memory."""
    if caller.memory is None:
        raise ArgumentFault("the guest has no memory")
    return sessions[number]


@host.function
def create_session(sessions: Sessions, caller: Caller, model: i32, size: i32, out: i32) -> i32:
    """Open a model; its number is stored at ``out``."""
    data = caller.read(model, size)
    place = caller.range(out, 4)
    place[:] = sessions.create(data).to_bytes(4, "little")
    return 0


@host.function
def delete_session(sessions: Sessions, caller: Caller, session: i32) -> i32:
    """Forget a session; always 0."""
    sessions.delete(session)
    return 0


@host.function
def append_input(
    sessions: Sessions, caller: Caller, session: i32, name: i32, length: i32, data: i32, size: i32
) -> i32:
    """Set an input."""
    found = _session(sessions, caller, session)
    found.set(caller.read(name, length), caller.read(data, size))
    return 0


@host.function
def run_session(sessions: Sessions, caller: Caller, session: i32) -> i32:
    """Run the model."""
    _session(sessions, caller, session).run()
    return 0


@host.function
def get_output_tensor(
    sessions: Sessions, caller: Caller, session: i32, name: i32, length: i32, out: i32
) -> i32:
    """The number of an output."""
    found = _session(sessions, caller, session)
    wanted, place = caller.read(name, length), caller.range(out, 4)
    place[:] = found.output(wanted).to_bytes(4, "little")
    return 0


@host.function
def get_tensor_len(sessions: Sessions, caller: Caller, session: i32, tensor: i32, out: i32) -> i32:
    """Bytes of an output."""
    found = _session(sessions, caller, session)
    place = caller.range(out, 4)
    place[:] = found.place(tensor).size.to_bytes(4, "little")
    return 0


@host.function
def get_tensor_data(
    sessions: Sessions,
    caller: Caller,
    session: i32,
    tensor: i32,
    buffer: i32,
    size: i32,
    out: i32,
) -> i32:
    """Store an output, for which there has to be room of exactly its size."""
    found = _session(sessions, caller, session)
    place, written = caller.range(buffer, size), caller.range(out, 4)
    written[:] = bytes(4)
    wanted = found.place(tensor).size
    if wanted != len(place):
        raise LiteError(INVALID_ARGUMENT, f"{len(place)} bytes for {wanted}")
    place[:] = found.data(tensor)
    written[:] = wanted.to_bytes(4, "little")
    return 0
