"""WASI-NN: tensors, models, errors, and the backends whose libraries are installed."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import testdata

from pywasmedge.extensions.nn.external import refers_to_files

if TYPE_CHECKING:
    pass

from neural import (
    ADD,
    AUTO,
    CPU,
    F16,
    F32,
    F64,
    GPU,
    I32,
    I64,
    OLD_I32,
    OLD_U8,
    ONNX,
    OPENVINO,
    SIGMOID,
    TFLITE,
    TPU,
    U8,
    Neural,
    field,
    floats,
    needs_lite,
    needs_onnx,
    onnx,
    varint,
)


@pytest.fixture
def guest() -> Neural:
    return Neural()


# --- onnx -----------------------------------------------------------------------------------------


@needs_onnx
def test_a_model_runs(guest: Neural) -> None:
    context = guest.context(guest.load(SIGMOID))
    assert guest.set(context, (2, 3), F32, bytes(24)) == 0
    assert guest.call("compute", context) == 0
    assert guest.get(context, 24) == floats(*[0.5] * 6)
    assert guest.get(context, 100) == floats(*[0.5] * 6)


@needs_onnx
def test_two_inputs_and_a_free_dimension(guest: Neural) -> None:
    context = guest.context(guest.load(ADD))
    for size in (1, 3):
        data = floats(*range(2 * size))
        assert guest.set(context, (size, 2), F32, data, at=0) == 0
        assert guest.set(context, (size, 2), F32, data, at=1) == 0
        assert guest.call("compute", context) == 0
        assert guest.get(context, 8 * size) == floats(*[2 * v for v in range(2 * size)])


@needs_onnx
@pytest.mark.parametrize(
    ("kind", "numbers", "code"),
    [
        (F32, (F32,), "f"),
        (F64, (F64,), "d"),
        (U8, (U8, OLD_U8), "B"),
        (I32, (I32, OLD_I32), "i"),
        (I64, (I64,), "q"),
        (F16, (F16,), "e"),
    ],
)
def test_types_in_both_numberings(
    guest: Neural, kind: int, numbers: tuple[int, ...], code: str
) -> None:
    context = guest.context(guest.load(onnx("Identity", kind, (3,))))
    data = struct.pack(f"<3{code}", 1, 2, 3)
    for number in numbers:
        assert guest.set(context, (3,), number, data) == 0
        assert guest.call("compute", context) == 0
        assert guest.get(context, len(data)) == data
    for number in {*range(6)} - {*numbers}:
        assert guest.set(context, (3,), number, data) == 1, number


@needs_onnx
def test_a_scalar_has_no_dimensions(guest: Neural) -> None:
    context = guest.context(guest.load(onnx("Identity", I64, ())))
    assert guest.set(context, (), I64, (7).to_bytes(8, "little")) == 0
    assert guest.call("compute", context) == 0
    assert guest.get(context, 8) == (7).to_bytes(8, "little")


@needs_onnx
def test_room_for_an_output(guest: Neural) -> None:
    context = guest.context(guest.load(SIGMOID))
    assert guest.get(context, 24) == 1  # nothing computed
    guest.set(context, (2, 3), F32, bytes(24))
    guest.call("compute", context)
    to = guest.room(24)
    guest.memory[to : to + 24] = b"x" * 24
    assert guest.call("get_output", context, 0, to, 23, guest.out) == 7
    assert guest.u32(guest.out) == 24
    assert guest.read(to, 24) == b"x" * 24
    assert guest.get(context, 24, index=1) == 1
    assert guest.get(context, 24, index=-1) == 1


@needs_onnx
@pytest.mark.parametrize(
    ("shape", "kind", "size", "at"),
    [
        ((2, 3), F32, 20, 0),
        ((2, 3), F32, 25, 0),
        ((3, 2), F32, 24, 0),
        ((6,), F32, 24, 0),
        ((2, 3, 1), F32, 24, 0),
        ((2, 0), F32, 0, 0),
        ((0,), F32, 24, 0),
        ((2, 3), F64, 48, 0),
        ((2, 3), 9, 24, 0),
        ((2, 3), 255, 24, 0),
        ((2, 3), F32, 24, 1),
        ((2, 3), F32, 24, -1),
        ((1 << 31, 1 << 31, 1 << 31), F32, 24, 0),
    ],
)
def test_inputs_that_do_not_fit(
    guest: Neural, shape: tuple[int, ...], kind: int, size: int, at: int
) -> None:
    context = guest.context(guest.load(SIGMOID))
    assert guest.set(context, shape, kind, bytes(size), at) == 1
    assert guest.call("compute", context) == 5  # an input is missing


@needs_onnx
def test_records_outside_the_memory(guest: Neural) -> None:
    context = guest.context(guest.load(SIGMOID))
    end = guest.size
    dims, count, data = guest.numbers(2, 3), 2, guest.room(24)
    good = (dims, count, F32, data, 24)
    for position, wrong in [(0, end), (0, -1), (1, 1 << 30), (1, -1), (3, end - 23), (4, -1)]:
        record = list(good)
        record[position] = wrong & 0xFFFFFFFF
        address = guest.put(struct.pack("<5I", *record))[0]
        assert guest.call("set_input", context, 0, address) == 1, (position, wrong)
    address = guest.put(struct.pack("<5I", *good))[0]
    assert guest.call("set_input", context, 0, end - 19) == 1
    assert guest.call("set_input", context, 0, -1) == 1
    assert guest.call("set_input", context, 0, address) == 0
    assert guest.call("compute", context) == 0
    for arguments in ((end - 23, 24, guest.out), (data, 24, end - 3), (data, -1, guest.out)):
        assert guest.call("get_output", context, 0, *arguments) == 1


def test_builders_outside_the_memory(guest: Neural) -> None:
    end, out = guest.size, guest.out
    one = guest.numbers(*guest.put(SIGMOID))
    many = guest.numbers(*[0, guest.size] * 3)
    for arguments in [
        (end - 7, 1, ONNX, CPU, out),
        (-1, 1, ONNX, CPU, out),
        (one, -1, ONNX, CPU, out),
        (one, 1 << 29, ONNX, CPU, out),
        (one, 1, ONNX, CPU, end - 3),
        (one, 1, ONNX, CPU, -1),
        (guest.numbers(end, 1), 1, ONNX, CPU, out),
        (guest.numbers(0, end + 1), 1, ONNX, CPU, out),
        (guest.numbers(-1, 2), 1, ONNX, CPU, out),
        (many, 3, ONNX, CPU, out),  # more than there is
        (one, 1, ONNX, AUTO, out),
        (one, 1, ONNX, 77, out),
        (one, 1, ONNX, -1, out),
    ]:
        guest.memory[out : out + 4] = b"kept"
        assert guest.call("load", *arguments) == 1, arguments
        assert guest.read(out, 4) == b"kept"


@pytest.mark.parametrize("encoding", [15, 16, 200, 255])
def test_encodings_that_are_none(guest: Neural, encoding: int) -> None:
    assert guest.try_load(SIGMOID, encoding=encoding) == 2


@pytest.mark.parametrize("encoding", [2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14])
def test_encodings_that_nothing_runs(guest: Neural, encoding: int) -> None:
    assert guest.try_load(SIGMOID, encoding=encoding) == 1


@needs_onnx
def test_only_the_low_byte_of_the_encoding_counts(guest: Neural) -> None:
    assert guest.load(SIGMOID, encoding=ONNX | 0x7F55AA00) == 0


@needs_onnx
@pytest.mark.parametrize(
    "model",
    [
        b"",
        b"no model",
        SIGMOID[:-5],
        SIGMOID + b"\xff",
        onnx("NoSuchOperation", F32, (1,)),
        bytes(1 << 16),
        b"\x80\x04\x95" + b"cos\nsystem\n(S'touch escaped'\ntR.",
    ],
    ids=["empty", "text", "cut", "longer", "operation", "zeros", "pickle"],
)
def test_what_is_no_model(guest: Neural, model: bytes) -> None:
    assert guest.try_load(model) == 1
    assert guest.try_load(model, encoding=TFLITE) == 1
    assert not Path("escaped").exists()


@needs_onnx
def test_builders_and_targets(guest: Neural) -> None:
    assert guest.try_load() == 1
    assert guest.try_load(SIGMOID, SIGMOID) == 1
    assert guest.try_load(SIGMOID, target=TPU) == 1
    assert guest.load(SIGMOID) == 0  # failed loads leave no trace
    assert guest.load(SIGMOID) == 1


@needs_onnx
def test_a_model_cannot_read_files_of_the_host(guest: Neural, tmp_path: Path) -> None:
    """A weight whose data is in a file beside the model, as large models have it."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"0123456789abcdef")
    for place in (str(secret), "secret"):
        entry = field(1, "location") + field(2, place)
        weight = field(1, 4) + field(2, 1) + field(8, "x1") + field(13, entry) + field(14, 1)
        model = onnx("Add", F32, (4,), extra=field(5, weight))
        before = os.getcwd()
        os.chdir(tmp_path)
        try:
            assert guest.try_load(model) == 1
        finally:
            os.chdir(before)
        assert refers_to_files(model)
    assert not refers_to_files(SIGMOID)


def test_external_data_is_found_wherever_tensors_are() -> None:
    tensor = field(14, 1)
    attribute = field(5, tensor)
    node = field(5, attribute)
    for graph in (
        field(5, tensor),
        field(15, field(1, tensor)),
        field(1, node),
        field(1, field(5, field(6, field(5, tensor)))),
        field(1, field(5, field(10, tensor))),
    ):
        assert refers_to_files(field(7, graph))
    assert refers_to_files(field(25, field(7, node)))
    assert refers_to_files(field(20, field(1, field(5, tensor))))
    for broken in (b"\xff", b"\x3a\x05\x00", b"\x0b", varint(7 << 3 | 2), b"\x80" * 20):
        assert refers_to_files(broken)


# --- other backends -------------------------------------------------------------------------------


@needs_lite
def test_birds() -> None:
    model = testdata.require("extensions/models/aiy_birds_v1_3.tflite").read_bytes()
    guest = Neural(pages=5 * (len(model) >> 16))
    graph = guest.load(model, encoding=TFLITE)
    context = guest.context(graph)
    shape = (1, 224, 224, 3)
    data = bytes(224 * 224 * 3)
    for wrong in ((1, 224, 224), (224, 224, 3, 1), (1, 224, 224, 4)):
        assert guest.set(context, wrong, U8, bytes(100)) == 1
    assert guest.set(context, shape, F32, bytes(4)) == 1
    assert guest.set(context, shape, U8, data) == 0
    assert guest.set(context, shape, OLD_U8, data, at=1) == 1
    assert guest.call("compute", context) == 0
    found = guest.get(context, 965)
    assert isinstance(found, bytes)
    assert len(found) == 965
    assert guest.try_load(model[:1000], encoding=TFLITE) == 1
    assert guest.try_load(model, encoding=TFLITE, target=GPU) == 1
    assert guest.try_load(model, b"", encoding=TFLITE) == 1


@pytest.mark.skipif(find_spec("openvino") is None, reason="pip install 'pywasmedge[nn-openvino]'")
def test_road_segmentation() -> None:
    xml = testdata.require("extensions/models/road-segmentation-adas-0001.xml").read_bytes()
    weights = testdata.require("extensions/models/road-segmentation-adas-0001.bin").read_bytes()
    guest = Neural(pages=400)
    assert guest.try_load(xml, encoding=OPENVINO) == 1
    assert guest.try_load(b"", weights, encoding=OPENVINO) == 5
    context = guest.context(guest.load(xml, weights, encoding=OPENVINO))
    assert guest.call("compute", context) == 5
    assert guest.get(context, 4) == 1
    shape = (1, 3, 512, 896)
    assert guest.set(context, shape, F32, bytes(4 * 3 * 512 * 896)) == 0
    assert guest.set(context, shape, F32, bytes(4), at=1) == 1
    assert guest.call("compute", context) == 0
    found = guest.get(context, 7340032)
    assert isinstance(found, bytes)
    first = [struct.unpack_from("<f", found, 4 * 512 * 896 * i)[0] for i in range(4)]
    assert first == pytest.approx([0.9117, 0.0377, 0.0053, 0.0453], abs=1e-3)


def test_without_any_library() -> None:
    code = (
        "import sys\n"
        "for name in ('onnxruntime', 'ai_edge_litert', 'openvino'): sys.modules[name] = None\n"
        "from extension import Extension\n"
        "guest = Extension('wasi_nn', 'wasi_ephemeral_nn')\n"
        "pair = guest.numbers(*guest.put(b'model'))\n"
        "print([guest.call('load', pair, 1, e, 0, 100) for e in (0, 1, 4, 0, 1, 4)])\n"
    )
    environment = {**os.environ, "PYTHONPATH": testdata.IMPORTS}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout == "[1, 1, 1, 1, 1, 1]\n"
    for extra in ("nn-onnx", "nn-tflite", "nn-openvino"):
        assert done.stderr.count(f"pip install 'pywasmedge[{extra}]'") == 1


@needs_onnx
def test_a_library_of_another_version() -> None:
    """One that lacks what is used of it is an error of the load, not a crash."""
    code = (
        "import sys, types\n"
        "sys.modules['onnxruntime'] = types.ModuleType('onnxruntime')\n"
        "from extension import Extension\n"
        "guest = Extension('wasi_nn', 'wasi_ephemeral_nn')\n"
        "pair = guest.numbers(*guest.put(b'model'))\n"
        "print(guest.call('load', pair, 1, 1, 0, 100))\n"
    )
    environment = {**os.environ, "PYTHONPATH": testdata.IMPORTS}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr
    assert "onnxruntime" in done.stderr
