"""The kinds of models, and who runs them."""

from __future__ import annotations

from enum import IntEnum

from ..library import MissingLibraryError
from .errors import Errno, NNError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from .tensor import Tensor

    Data = bytes | memoryview

    class Context(Protocol):
        """A model with inputs and outputs of its own. One call at a time."""

        def set_input(self, index: int, tensor: Tensor) -> None:
            """Set an input; raises NNError."""

        def compute(self) -> None:
            """Run the model; raises NNError."""

        def output(self, index: int) -> Data:
            """The bytes of an output; raises NNError."""

    class Model(Protocol):
        """A model that is ready to be run."""

        def context(self) -> Context:
            """A new context; raises NNError."""


class Encoding(IntEnum):
    """Kinds of models; names as preloads have them."""

    OPENVINO = 0
    ONNX = 1
    TENSORFLOW = 2
    PYTORCH = 3
    TENSORFLOWLITE = 4
    AUTODETECT = 5
    GGML = 6
    NEURALSPEED = 7
    BURN = 8
    WHISPER = 9
    MLX = 10
    PIPER = 11
    CHATTTS = 12
    OPENVINOGENAI = 13
    BITNET = 14


class Target(IntEnum):
    """Where a model runs."""

    CPU = 0
    GPU = 1
    TPU = 2
    AUTO = 3


_HOMES = {
    Encoding.OPENVINO: "openvino",
    Encoding.ONNX: "onnx",
    Encoding.TENSORFLOWLITE: "tflite",
}
"""Files with a function ``load`` for each kind that can be run."""


def load(encoding: int, builders: Sequence[bytes], target: Target) -> Model:
    """Make a model.

    Args:
        encoding: an :class:`Encoding`; others are refused.
        builders: the parts of the model.
        target: where it shall run.

    Raises:
        NNError: 2 for an unknown encoding, 1 for one that nothing here runs or whose library is
            missing, or what the backend says.
    """
    try:
        kind = Encoding(encoding)
    except ValueError as error:
        raise NNError(Errno.INVALID_ENCODING, str(error)) from None
    home = _HOMES.get(kind)
    if home is None:
        raise NNError(Errno.INVALID_ARGUMENT, f"nothing runs {kind.name}")
    from importlib import import_module

    try:
        backend = import_module(f"{__package__}.{home}")
        return backend.load(builders, target)  # type: ignore[no-any-return]
    except MissingLibraryError as error:
        raise NNError(Errno.INVALID_ARGUMENT, str(error)) from None
