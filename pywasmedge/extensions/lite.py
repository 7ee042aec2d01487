"""TensorFlow Lite through ``ai_edge_litert``, for the two extensions that run its models."""

from __future__ import annotations

from .library import library

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

EXTRA = "nn-tflite"
THREADS = 2
"""How many threads run a model."""


class Place:
    """An input or output of a model.

    Attributes:
        index: the library's number for it.
        name: as the model has it.
        shape: its dimensions.
        type: numpy's name of its elements.
        size: bytes of all of them.
    """

    __slots__ = ("index", "name", "shape", "size", "type")

    def __init__(self, detail: dict[str, Any]) -> None:
        numpy = library("numpy", EXTRA)
        type_ = numpy.dtype(detail["dtype"])
        self.index: int = detail["index"]
        self.name: str = detail["name"]
        self.shape = tuple(int(size) for size in detail["shape"])
        self.type: str = type_.name
        self.size: int = int(numpy.prod(self.shape, dtype="int64")) * type_.itemsize


class Lite:
    """An interpreter for a model; one call at a time.

    Attributes:
        inputs, outputs: in the order of the model, once it is prepared.
    """

    def __init__(self, interpreter: Any) -> None:
        self._interpreter = interpreter
        self.inputs: list[Place] = []
        self.outputs: list[Place] = []

    def prepare(self) -> None:
        """Allocate the tensors; raises RuntimeError or ValueError."""
        self._interpreter.allocate_tensors()
        self.inputs = [Place(detail) for detail in self._interpreter.get_input_details()]
        self.outputs = [Place(detail) for detail in self._interpreter.get_output_details()]

    def set(self, place: Place, data: bytes) -> None:
        """Set an input; ``data`` has its size."""
        numpy = library("numpy", EXTRA)
        values = numpy.frombuffer(data, place.type).reshape(place.shape)
        self._interpreter.set_tensor(place.index, values)

    def run(self) -> None:
        """Run the model; raises RuntimeError or ValueError."""
        self._interpreter.invoke()

    def get(self, place: Place) -> memoryview:
        """The elements of an output, copied."""
        found = self._interpreter.get_tensor(place.index)
        return memoryview(found.reshape(-1).view("uint8"))


def open_lite(model: bytes) -> Lite:
    """An interpreter that is not prepared yet.

    Raises:
        ValueError: it is no model.
        MissingLibraryError: the library is missing.
    """
    interpreter = library("ai_edge_litert.interpreter", EXTRA, "Interpreter")
    try:
        return Lite(interpreter.Interpreter(model_content=model, num_threads=THREADS))
    except Exception as error:
        raise ValueError(str(error)) from None
