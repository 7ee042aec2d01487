"""A guest of WASI-NN, and small models in ONNX's format."""

from __future__ import annotations

import struct
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
from extension import Extension

if TYPE_CHECKING:
    from collections.abc import Sequence

OPENVINO, ONNX, TFLITE = 0, 1, 4
F16, F32, F64, U8, I32, I64 = range(6)
OLD_U8, OLD_I32 = 2, 3
CPU, GPU, TPU, AUTO = range(4)

needs_onnx = pytest.mark.skipif(
    find_spec("onnxruntime") is None, reason="pip install 'pywasmedge[nn-onnx]'"
)
needs_lite = pytest.mark.skipif(
    find_spec("ai_edge_litert") is None, reason="pip install 'pywasmedge[nn-tflite]'"
)


class Neural(Extension):
    """A guest of WASI-NN."""

    def __init__(self, **options: Any) -> None:
        super().__init__("wasi_nn", "wasi_ephemeral_nn", **options)
        self.out = self.room(8)

    def load(self, *parts: bytes, encoding: int = ONNX, target: int = CPU) -> int:
        """The handle of a new graph, which has to be made."""
        code = self.try_load(*parts, encoding=encoding, target=target)
        assert code == 0, code
        return self.u32(self.out)

    def try_load(self, *parts: bytes, encoding: int = ONNX, target: int = CPU) -> int:
        pairs = [number for part in parts for number in self.put(part)]
        builders = self.numbers(*pairs)
        return int(self.call("load", builders, len(parts), encoding, target, self.out))

    def context(self, graph: int) -> int:
        assert self.call("init_execution_context", graph, self.out) == 0
        return self.u32(self.out)

    def tensor(self, shape: Sequence[int], type_: int, data: bytes) -> int:
        """The address of a record with rubbish in its padding."""
        dims = self.numbers(*shape)
        address, size = self.put(data)
        return self.put(struct.pack("<IIIII", dims, len(shape), type_ | 0xABCDEF00, address, size))[
            0
        ]

    def set(self, context: int, shape: Sequence[int], type_: int, data: bytes, at: int = 0) -> int:
        return int(self.call("set_input", context, at, self.tensor(shape, type_, data)))

    def get(self, context: int, size: int, index: int = 0) -> bytes | int:
        """The bytes of an output, or the number of the error."""
        to = self.room(size)
        code = self.call("get_output", context, index, to, size, self.out)
        return self.read(to, self.u32(self.out)) if code == 0 else int(code)


def floats(*values: float) -> bytes:
    return struct.pack(f"<{len(values)}f", *values)


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def field(number: int, content: bytes | int | str) -> bytes:
    """A field of a protocol buffer."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    data = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(data)) + data


ELEMENTS = {F16: 10, F32: 1, F64: 11, U8: 2, I32: 6, I64: 7}
"""Types of elements in ONNX by ours."""


def value(name: str, type_: int, shape: Sequence[int | str]) -> bytes:
    dims = b"".join(
        field(1, field(1, size) if isinstance(size, int) else field(2, size)) for size in shape
    )
    tensor = field(1, ELEMENTS[type_]) + field(2, dims)
    return field(1, name) + field(2, field(1, tensor))


def onnx(
    operation: str, type_: int, shape: Sequence[int | str], inputs: int = 1, extra: bytes = b""
) -> bytes:
    """A model of one operation, whose output has the type and shape of its inputs."""
    names = [f"x{i}" for i in range(inputs)]
    node = b"".join(field(1, name) for name in names) + field(2, "y") + field(4, operation)
    graph = field(1, node) + field(2, "g") + extra
    graph += b"".join(field(11, value(name, type_, shape)) for name in names)
    graph += field(12, value("y", type_, shape))
    return field(1, 8) + field(8, field(1, "") + field(2, 17)) + field(7, graph)


SIGMOID = onnx("Sigmoid", F32, (2, 3))
ADD = onnx("Add", F32, ("n", 2), inputs=2)
