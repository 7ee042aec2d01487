"""What the handles of one guest stand for."""

from __future__ import annotations

import threading
from itertools import count

from ...base import log
from .backends import Encoding, Target, load
from .errors import Errno, NNError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, Protocol

    from .backends import Context, Model

    class Surroundings(Protocol):
        """What the plugin finds in its VM."""

        options: dict[str, Any]


MOST_GRAPHS = 256
"""Most models of a guest at the same time."""
MOST_CONTEXTS = 4096


class Preload:
    """A model the host has named for guests: ``NAME:ENCODING:TARGET:FILE[:FILE...]``.

    Attributes:
        name: what guests load it by.
        encoding, target: as given.
        files: where its parts are.
    """

    def __init__(self, text: str) -> None:
        """Read the entry of an option; raises ``ValueError`` with the reason."""
        self.name, encoding, target, *files = text.split(":")
        try:
            self.encoding = Encoding[encoding.upper()]
            self.target = Target[target.upper()]
        except KeyError as error:
            raise ValueError(f"unknown {error}") from None
        if self.encoding in (Encoding.GGML, Encoding.BITNET):
            files = [":".join(files)]
        self.files = files

    def builders(self) -> list[bytes]:
        """The parts of the model; a file that cannot be read is logged and left out."""
        if self.encoding in (Encoding.GGML, Encoding.BITNET):
            return [b"preload:" + self.files[0].encode()]
        found = []
        for name in self.files:
            try:
                with open(name, "rb") as file:
                    found.append(file.read())
            except OSError as error:
                log.error(f"nn-preload {self.name}: {name}: {error.strerror}")
        return found


def preloads(entries: Iterable[str]) -> dict[str, Preload]:
    """Preloads by name; the first of a name counts, and what is none is logged and left out."""
    found: dict[str, Preload] = {}
    for entry in entries:
        try:
            preload = Preload(entry)
        except ValueError as error:
            log.error(f"nn-preload {entry}: {error}; wanted NAME:ENCODING:TARGET:FILE[:FILE...]")
            continue
        found.setdefault(preload.name, preload)
    return found


class Graph:
    """A model that a guest has loaded.

    Attributes:
        model: the model.
        lock: held by whoever does something with the model or one of its contexts.
        loaded: whether the guest has not unloaded it.
    """

    def __init__(self, model: Model) -> None:
        self.model: Model | None = model
        self.lock = threading.Lock()

    @property
    def loaded(self) -> bool:
        return self.model is not None


class Execution:
    """A context of a graph."""

    def __init__(self, graph: Graph, context: Context) -> None:
        self.graph = graph
        self.context = context


class Session:
    """Graphs and contexts of one VM by handle. Handles count from 0 and are never used again.

    Safe from several threads: what is done with one graph happens one after the other.
    """

    def __init__(self, surroundings: Surroundings | None = None) -> None:
        options = surroundings.options if surroundings is not None else {}
        self._preloads = preloads(options.get("nn-preload", ()))
        self._lock = threading.Lock()
        self._loading = threading.Lock()
        self._graphs: dict[int, Graph] = {}
        self._contexts: dict[int, Execution] = {}
        self._next_graph = count()
        self._next_context = count()
        self._by_name: dict[str, int] = {}

    def load(self, builders: Sequence[bytes], encoding: int, target: Target) -> int:
        """Make a graph; its handle."""
        if len(self._graphs) >= MOST_GRAPHS:
            raise NNError(Errno.BUSY, f"{MOST_GRAPHS} graphs")
        graph = Graph(load(encoding, builders, target))
        with self._lock:
            handle = next(self._next_graph)
            self._graphs[handle] = graph
        return handle

    def load_by_name(self, name: str, config: bytes = b"") -> int:
        """The graph of a preload, made at the first time; ``config`` becomes its last builder.

        Raises:
            NNError: 8, there is no preload of that name; or what loading it raises.
        """
        preload = self._preloads.get(name)
        if preload is None:
            raise NNError(Errno.NOT_FOUND, f"no model is preloaded as {name!r}")
        with self._loading:
            known = self._by_name.get(name)
            if known is not None and known in self._graphs:
                return known
            builders = [*preload.builders(), *([config] if config else [])]
            handle = self.load(builders, preload.encoding, preload.target)
            self._by_name[name] = handle
            return handle

    def unload(self, handle: int) -> None:
        """Forget a graph; outputs of its contexts can still be read."""
        with self._lock:
            graph = self._graph(handle)
            del self._graphs[handle]
        with graph.lock:
            graph.model = None

    def graph(self, handle: int) -> Graph:
        """The graph of a handle; raises NNError 1."""
        with self._lock:
            return self._graph(handle)

    def _graph(self, handle: int) -> Graph:
        found = self._graphs.get(handle)
        if found is None:
            raise NNError(Errno.INVALID_ARGUMENT, f"no graph {handle}")
        return found

    def open(self, handle: int) -> int:
        """Make a context of a graph; its handle."""
        graph = self.graph(handle)
        if len(self._contexts) >= MOST_CONTEXTS:
            raise NNError(Errno.BUSY, f"{MOST_CONTEXTS} contexts")
        with graph.lock:
            if graph.model is None:
                raise NNError(Errno.INVALID_ARGUMENT, f"graph {handle} is unloaded")
            context = graph.model.context()
        with self._lock:
            made = next(self._next_context)
            self._contexts[made] = Execution(graph, context)
        return made

    def execution(self, handle: int) -> Execution:
        """The context of a handle; raises NNError 1."""
        found = self._contexts.get(handle)
        if found is None:
            raise NNError(Errno.INVALID_ARGUMENT, f"no context {handle}")
        return found

    def close(self, handle: int) -> None:
        """Forget a context."""
        if self._contexts.pop(handle, None) is None:
            raise NNError(Errno.INVALID_ARGUMENT, f"no context {handle}")
