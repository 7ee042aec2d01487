"""ONNX models, run by ``onnxruntime``."""

from __future__ import annotations

from ..library import library
from .backends import Target
from .errors import Errno, NNError
from .external import refers_to_files
from .tensor import Type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .tensor import Tensor

_TYPES = {
    "tensor(float16)": Type.F16,
    "tensor(float)": Type.F32,
    "tensor(double)": Type.F64,
    "tensor(uint8)": Type.U8,
    "tensor(int32)": Type.I32,
    "tensor(int64)": Type.I64,
}
_PROVIDERS = {Target.CPU: "CPU", Target.AUTO: "CPU", Target.GPU: "CUDA"}
_USES = ("InferenceSession", "SessionOptions", "get_available_providers")
_SEVERE = 4
"""Log level of the library: nothing but what ends the process."""


class OnnxModel:
    """A session of the library; contexts share it, as running it changes nothing in it."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.inputs = session.get_inputs()

    def context(self) -> OnnxContext:
        """A new context."""
        return OnnxContext(self)


class OnnxContext:
    """Inputs and outputs in the order of the model."""

    def __init__(self, model: OnnxModel) -> None:
        self._model = model
        self._inputs: dict[str, Any] = {}
        self._outputs: list[Any] = []

    def set_input(self, index: int, tensor: Tensor) -> None:
        """Set an input; its type and every dimension that is not free have to fit (1)."""
        inputs = self._model.inputs
        if index >= len(inputs):
            raise NNError(Errno.INVALID_ARGUMENT, f"input {index} of {len(inputs)}")
        wanted = inputs[index]
        shape = wanted.shape
        fits = len(shape) == len(tensor.dimensions) and all(
            not isinstance(size, int) or size < 0 or size == given
            for size, given in zip(shape, tensor.dimensions, strict=True)
        )
        if _TYPES.get(wanted.type) is not tensor.type or not fits:
            raise NNError(
                Errno.INVALID_ARGUMENT,
                f"{wanted.name} is {wanted.type} {shape}, not {tensor.type.name}"
                f" {list(tensor.dimensions)}",
            )
        numpy = library("numpy", "nn-onnx")
        data = numpy.frombuffer(tensor.data, tensor.type.numpy)
        self._inputs[wanted.name] = data.reshape(tensor.dimensions)

    def compute(self) -> None:
        """Run the model; 5 if an input is missing or it fails."""
        try:
            self._outputs = self._model.session.run(None, self._inputs)
        except Exception as error:
            raise NNError(Errno.RUNTIME_ERROR, str(error)) from None

    def output(self, index: int) -> bytes | memoryview:
        """The elements of an output; 1 before ``compute`` and for what is no tensor of numbers."""
        if index >= len(self._outputs):
            raise NNError(Errno.INVALID_ARGUMENT, f"output {index} of {len(self._outputs)}")
        found = self._outputs[index]
        if not hasattr(found, "dtype") or found.dtype.kind not in "fiub":
            raise NNError(Errno.INVALID_ARGUMENT, f"output {index} is no tensor of numbers")
        numpy = library("numpy", "nn-onnx")
        return memoryview(numpy.ascontiguousarray(found).reshape(-1).view("uint8"))


def load(builders: Sequence[bytes], target: Target) -> OnnxModel:
    """Make a model out of one builder, the file's content.

    A model that keeps data in other files is refused: they would be the host's.

    Raises:
        NNError: 1, it is no model or the target is not there.
        MissingLibraryError: the library is missing.
    """
    runtime = library("onnxruntime", "nn-onnx", *_USES)
    if len(builders) != 1:
        raise NNError(Errno.INVALID_ARGUMENT, f"{len(builders)} builders, not 1")
    provider = f"{_PROVIDERS.get(target, target.name)}ExecutionProvider"
    if provider not in runtime.get_available_providers():
        raise NNError(Errno.INVALID_ARGUMENT, f"no {provider}")
    if refers_to_files(builders[0]):
        raise NNError(Errno.INVALID_ARGUMENT, "the model is damaged or keeps data in other files")
    options = runtime.SessionOptions()
    options.log_severity_level = _SEVERE
    try:
        return OnnxModel(runtime.InferenceSession(builders[0], options, providers=[provider]))
    except Exception as error:
        raise NNError(Errno.INVALID_ARGUMENT, str(error)) from None
