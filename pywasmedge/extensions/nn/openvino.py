"""OpenVINO models, run by ``openvino``."""

from __future__ import annotations

from functools import cache

from ..library import library
from .backends import Target
from .errors import Errno, NNError
from .tensor import Type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .tensor import Tensor

EXTRA = "nn-openvino"
MOST_DIMENSIONS = 8
_EXACTLY = {"INFERENCE_PRECISION_HINT": "f32"}
"""Processors that have bfloat16 would compute with that, half a percent off all others."""


@cache
def _core() -> Any:
    return library("openvino", EXTRA, "Core", "Tensor").Core()


class VinoModel:
    """A compiled model."""

    def __init__(self, compiled: Any) -> None:
        self.compiled = compiled

    def context(self) -> VinoContext:
        """A new context with a request of its own."""
        return VinoContext(self.compiled)


class VinoContext:
    """A request to the library, which has inputs and outputs of its own."""

    def __init__(self, compiled: Any) -> None:
        self._request = compiled.create_infer_request()
        self._inputs = len(compiled.inputs)
        self._outputs = len(compiled.outputs)
        self._given: set[int] = set()
        self._done = False

    def set_input(self, index: int, tensor: Tensor) -> None:
        """Set an input; F32 only, at most 8 dimensions (1); 5 for a shape that does not fit."""
        if (
            index >= self._inputs
            or tensor.type is not Type.F32
            or len(tensor.dimensions) > MOST_DIMENSIONS
        ):
            raise NNError(Errno.INVALID_ARGUMENT, f"input {index}: {tensor.type.name}")
        numpy = library("numpy", EXTRA)
        vino = library("openvino", EXTRA)
        values = numpy.frombuffer(tensor.data, "float32").reshape(tensor.dimensions)
        try:
            self._request.set_input_tensor(index, vino.Tensor(values.copy()))
        except RuntimeError as error:
            raise NNError(Errno.RUNTIME_ERROR, str(error)) from None
        self._given.add(index)

    def compute(self) -> None:
        """Run the model; 5 if an input is missing or it fails."""
        if len(self._given) < self._inputs:
            raise NNError(Errno.RUNTIME_ERROR, "an input is missing")
        try:
            self._request.infer()
        except RuntimeError as error:
            raise NNError(Errno.RUNTIME_ERROR, str(error)) from None
        self._done = True

    def output(self, index: int) -> bytes | memoryview:
        """The elements of an output, as the model has them."""
        if index >= self._outputs or not self._done:
            raise NNError(Errno.INVALID_ARGUMENT, f"output {index} of {self._outputs}")
        numpy = library("numpy", EXTRA)
        found = self._request.get_output_tensor(index).data
        return memoryview(numpy.ascontiguousarray(found).reshape(-1).view("uint8"))


def load(builders: Sequence[bytes], target: Target) -> VinoModel:
    """Make a model out of two builders: the network in XML, its weights.

    Raises:
        NNError: 1 for other builders or a target that is not there, 5 for what is no model.
        MissingLibraryError: the library is missing.
    """
    core = _core()
    if len(builders) != 2:
        raise NNError(Errno.INVALID_ARGUMENT, f"{len(builders)} builders, not 2")
    device = {Target.CPU: "CPU", Target.GPU: "GPU", Target.AUTO: "CPU"}.get(target)
    if device is None or device not in core.available_devices:
        raise NNError(Errno.INVALID_ARGUMENT, f"no {target.name}")
    try:
        model = core.read_model(model=builders[0], weights=builders[1])
        return VinoModel(core.compile_model(model, device, _EXACTLY if device == "CPU" else {}))
    except RuntimeError as error:
        raise NNError(Errno.RUNTIME_ERROR, str(error)) from None
