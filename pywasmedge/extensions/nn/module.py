"""The module ``wasi_ephemeral_nn``."""

from __future__ import annotations

from struct import unpack

from ...host.modules import HostModule
from ...runtime.core import Caller
from .backends import Target
from .errors import Errno, NNError
from .session import Session
from .tensor import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...host.annotations import i32
    from .session import Execution

host = HostModule("wasi_ephemeral_nn", state=Session, errors=NNError)

_MOST_BUILDERS = 1 << 16


@host.function
def load(
    session: Session,
    caller: Caller,
    builders: i32,
    count: i32,
    encoding: i32,
    target: i32,
    out: i32,
) -> i32:
    """Make a graph out of ``count`` builders, each address and length of a part of the model."""
    place = caller.range(out, 4)
    if target not in (Target.CPU, Target.GPU, Target.TPU):
        raise NNError(Errno.INVALID_ARGUMENT, f"no target: {target}")
    count &= 0xFFFFFFFF
    if count > _MOST_BUILDERS:
        caller.range(builders, min(8 * count, 0xFFFFFFFF))
        raise NNError(Errno.INVALID_ARGUMENT, f"{count} builders")
    pairs = unpack(f"<{2 * count}I", caller.read(builders, 8 * count))
    ranges = [caller.range(*pair) for pair in zip(pairs[::2], pairs[1::2], strict=True)]
    if sum(map(len, ranges)) > len(caller.view):
        raise NNError(Errno.INVALID_ARGUMENT, "builders that overlap")
    parts = [bytes(part) for part in ranges]
    handle = session.load(parts, encoding & 0xFF, Target(target))
    place[:] = handle.to_bytes(4, "little")
    return 0


@host.function
def load_by_name(session: Session, caller: Caller, name: i32, length: i32, out: i32) -> i32:
    """The graph of a preloaded model."""
    return _by_name(session, caller, name, length, 0, 0, out)


@host.function
def load_by_name_with_config(
    session: Session,
    caller: Caller,
    name: i32,
    length: i32,
    config: i32,
    config_length: i32,
    out: i32,
) -> i32:
    """The same, with settings in case it is not loaded yet."""
    return _by_name(session, caller, name, length, config, config_length, out)


def _by_name(
    session: Session, caller: Caller, name: int, length: int, config: int, size: int, out: int
) -> int:
    place = caller.range(out, 4)
    text = caller.read(name, length).decode("utf-8", "surrogateescape")
    settings = caller.read(config, size)
    place[:] = session.load_by_name(text, settings).to_bytes(4, "little")
    return 0


@host.function
def unload(session: Session, graph: i32) -> i32:
    """Forget a graph."""
    session.unload(graph)
    return 0


@host.function
def init_execution_context(session: Session, caller: Caller, graph: i32, out: i32) -> i32:
    """Make a context of a graph."""
    place = caller.range(out, 4)
    place[:] = session.open(graph).to_bytes(4, "little")
    return 0


@host.function
def finalize_execution_context(session: Session, context: i32) -> i32:
    """Forget a context."""
    session.close(context)
    return 0


@host.function
def set_input(session: Session, caller: Caller, context: i32, index: i32, tensor: i32) -> i32:
    """Set an input; the data is copied."""
    given = Tensor.read(caller, tensor)
    execution = session.execution(context)
    with execution.graph.lock:
        _require_loaded(execution)
        execution.context.set_input(index & 0xFFFFFFFF, given)
    return 0


@host.function
def compute(session: Session, context: i32) -> i32:
    """Run the model. Cannot be interrupted."""
    execution = session.execution(context)
    with execution.graph.lock:
        _require_loaded(execution)
        execution.context.compute()
    return 0


@host.function
def get_output(
    session: Session, caller: Caller, context: i32, index: i32, buffer: i32, room: i32, out: i32
) -> i32:
    """Copy an output; 7 if there is not enough room, ``out`` then says how much it takes."""
    place = caller.range(buffer, room)
    written = caller.range(out, 4)
    execution = session.execution(context)
    with execution.graph.lock:
        data = execution.context.output(index & 0xFFFFFFFF)
        written[:] = len(data).to_bytes(4, "little")
        if len(data) > len(place):
            raise NNError(Errno.TOO_LARGE, f"{len(data)} bytes")
        place[: len(data)] = data
    return 0


@host.function
def compute_single(session: Session, context: i32) -> i32:
    """One step of a model that answers in steps."""
    raise _no_steps(session, context)


@host.function
def get_output_single(
    session: Session, caller: Caller, context: i32, index: i32, buffer: i32, room: i32, out: i32
) -> i32:
    """What the last step gave."""
    caller.range(buffer, room)
    caller.range(out, 4)
    raise _no_steps(session, context)


@host.function
def fini_single(session: Session, context: i32) -> i32:
    """Forget the steps so far."""
    raise _no_steps(session, context)


def _no_steps(session: Session, context: int) -> NNError:
    session.execution(context)
    return NNError(Errno.INVALID_ARGUMENT, "the model does not answer in steps")


def _require_loaded(execution: Execution) -> None:
    if not execution.graph.loaded:
        raise NNError(Errno.INVALID_ARGUMENT, "the graph is unloaded")
