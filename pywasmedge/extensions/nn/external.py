"""Whether an ONNX model keeps data in files beside it (``onnx.proto``: ``external_data``).

Whoever gives the model to the library decides which files those are, so this has to be known
before. It reads the protocol buffer and nothing else of the model.
"""

from __future__ import annotations

_MODEL, _GRAPH, _NODE, _ATTRIBUTE, _TENSOR, _SPARSE, _FUNCTION, _TRAINING = range(8)

_INSIDE: dict[int, dict[int, int]] = {
    _MODEL: {7: _GRAPH, 20: _TRAINING, 25: _FUNCTION},
    _TRAINING: {1: _GRAPH, 2: _GRAPH},
    _GRAPH: {1: _NODE, 5: _TENSOR, 15: _SPARSE},
    _FUNCTION: {7: _NODE, 11: _ATTRIBUTE},
    _NODE: {5: _ATTRIBUTE},
    _ATTRIBUTE: {5: _TENSOR, 6: _GRAPH, 10: _TENSOR, 11: _GRAPH, 22: _SPARSE, 23: _SPARSE},
    _SPARSE: {1: _TENSOR, 2: _TENSOR},
    _TENSOR: {},
}
"""Kinds of messages: which fields are messages of which kind."""
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14
"""Fields of a tensor that say where else its data is."""
_FIXED = {1: 8, 5: 4}
"""Bytes of values by wire type."""


def refers_to_files(model: bytes) -> bool:
    """Whether a model names a file for some tensor's data, or is no protocol buffer."""
    work = [(_MODEL, 0, len(model))]
    try:
        while work:
            kind, at, end = work.pop()
            inside = _INSIDE[kind]
            while at < end:
                key, at = _number(model, at, end)
                field, wire = key >> 3, key & 7
                size = _FIXED.get(wire, 0)
                if wire == 0:
                    value, at = _number(model, at, end)
                    if kind == _TENSOR and field == _DATA_LOCATION and value:
                        return True
                elif wire == 2:
                    size, at = _number(model, at, end)
                    if kind == _TENSOR and field == _EXTERNAL_DATA:
                        return True
                    if field in inside:
                        work.append((inside[field], at, at + size))
                elif not size:
                    return True
                at += size
            if at != end:
                return True
    except IndexError:
        return True
    return False


def _number(data: bytes, at: int, end: int) -> tuple[int, int]:
    """A variable-length number and where it ends; raises IndexError."""
    value = shift = 0
    while True:
        if at >= end or shift > 63:
            raise IndexError
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        shift += 7
        if byte < 0x80:
            return value, at
