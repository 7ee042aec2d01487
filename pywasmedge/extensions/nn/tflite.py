"""TensorFlow Lite models, run by ``ai_edge_litert``."""

from __future__ import annotations

from ..lite import Lite, open_lite
from .backends import Target
from .errors import Errno, NNError
from .tensor import Type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .tensor import Tensor

_TYPES = {type_.numpy: type_ for type_ in (Type.U8, Type.F16, Type.F32, Type.I32)}
"""What inputs and outputs may consist of."""


class LiteModel:
    """The bytes of a model that the library accepts."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def context(self) -> LiteContext:
        """A new context with an interpreter of its own; 4 if the model cannot be prepared."""
        made = open_lite(self._data)
        try:
            made.prepare()
        except Exception as error:
            raise NNError(Errno.BUSY, str(error)) from None
        return LiteContext(made)


class LiteContext:
    """An interpreter, which has inputs and outputs of its own."""

    def __init__(self, lite: Lite) -> None:
        self._lite = lite

    def set_input(self, index: int, tensor: Tensor) -> None:
        """Set an input; its type and all dimensions have to be the model's (1)."""
        inputs = self._lite.inputs
        if index >= len(inputs):
            raise NNError(Errno.INVALID_ARGUMENT, f"input {index} of {len(inputs)}")
        place = inputs[index]
        if _TYPES.get(place.type) is not tensor.type or place.shape != tensor.dimensions:
            raise NNError(
                Errno.INVALID_ARGUMENT,
                f"{place.name} is {place.type} {list(place.shape)}, not {tensor.type.name}"
                f" {list(tensor.dimensions)}",
            )
        self._lite.set(place, tensor.data)

    def compute(self) -> None:
        """Run the model; 4 if it fails."""
        try:
            self._lite.run()
        except Exception as error:
            raise NNError(Errno.BUSY, str(error)) from None

    def output(self, index: int) -> bytes | memoryview:
        """The elements of an output."""
        outputs = self._lite.outputs
        if index >= len(outputs):
            raise NNError(Errno.INVALID_ARGUMENT, f"output {index} of {len(outputs)}")
        if outputs[index].type not in _TYPES:
            raise NNError(Errno.INVALID_ARGUMENT, f"output {index} is {outputs[index].type}")
        return self._lite.get(outputs[index])


def load(builders: Sequence[bytes], target: Target) -> LiteModel:
    """Make a model out of one builder, the file's content, for the CPU.

    Raises:
        NNError: 1, it is no model, or not for the CPU.
        MissingLibraryError: the library is missing.
    """
    if len(builders) != 1:
        raise NNError(Errno.INVALID_ARGUMENT, f"{len(builders)} builders, not 1")
    if target not in (Target.CPU, Target.AUTO):
        raise NNError(Errno.INVALID_ARGUMENT, f"no {target.name}")
    try:
        open_lite(builders[0])
    except ValueError as error:
        raise NNError(Errno.INVALID_ARGUMENT, str(error)) from None
    return LiteModel(builders[0])
