"""WASI-NN: handles, tensors, errors, and the backends whose libraries are installed."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import testdata
from extension import Extension, plugin_of, types_of
from forwarder import binary

from pywasmedge.extensions.nn import session as sessions
from pywasmedge.extensions.nn.external import refers_to_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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


# --- handles --------------------------------------------------------------------------------------


@needs_onnx
def test_handles_are_never_used_again(guest: Neural) -> None:
    handles = []
    for _ in range(3):
        handles.append(guest.load(SIGMOID))
        assert guest.call("unload", handles[-1]) == 0
        assert guest.call("unload", handles[-1]) == 1
    assert handles == [0, 1, 2]
    graph = guest.load(SIGMOID)
    contexts = [guest.context(graph) for _ in range(2)]
    assert guest.call("finalize_execution_context", contexts[0]) == 0
    assert guest.call("finalize_execution_context", contexts[0]) == 1
    assert guest.context(graph) == 2


@needs_onnx
def test_an_unloaded_graph_can_be_drained(guest: Neural) -> None:
    graph = guest.load(SIGMOID)
    context = guest.context(graph)
    guest.set(context, (2, 3), F32, bytes(24))
    guest.call("compute", context)
    assert guest.call("unload", graph) == 0
    assert guest.get(context, 24) == floats(*[0.5] * 6)
    assert guest.set(context, (2, 3), F32, bytes(24)) == 1
    assert guest.call("compute", context) == 1
    assert guest.call("init_execution_context", graph, guest.out) == 1
    assert guest.call("finalize_execution_context", context) == 0
    assert guest.get(context, 24) == 1


@pytest.mark.parametrize("handle", [0, 1, -1, 1 << 30])
def test_unknown_handles(guest: Neural, handle: int) -> None:
    tensor = guest.tensor((1,), F32, bytes(4))
    to = guest.room(4)
    for name, *arguments in [
        ("init_execution_context", handle, guest.out),
        ("set_input", handle, 0, tensor),
        ("compute", handle),
        ("get_output", handle, 0, to, 4, guest.out),
        ("compute_single", handle),
        ("get_output_single", handle, 0, to, 4, guest.out),
        ("fini_single", handle),
        ("unload", handle),
        ("finalize_execution_context", handle),
    ]:
        assert guest.call(name, *arguments) == 1, name


@needs_onnx
def test_models_without_steps(guest: Neural) -> None:
    context = guest.context(guest.load(SIGMOID))
    to = guest.room(4)
    assert guest.call("compute_single", context) == 1
    assert guest.call("get_output_single", context, 0, to, 4, guest.out) == 1
    assert guest.call("fini_single", context) == 1


@needs_onnx
def test_vms_do_not_see_each_others_graphs() -> None:
    one, other = Neural(), Neural()
    one.load(SIGMOID)
    assert other.call("init_execution_context", 0, other.out) == 1


@needs_onnx
def test_so_many_graphs_and_contexts(guest: Neural, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MOST_GRAPHS", 3)
    monkeypatch.setattr(sessions, "MOST_CONTEXTS", 2)
    for _ in range(3):
        guest.load(SIGMOID)
    assert guest.try_load(SIGMOID) == 4
    assert guest.call("unload", 1) == 0
    assert guest.load(SIGMOID) == 3
    for _ in range(2):
        guest.context(0)
    assert guest.call("init_execution_context", 0, guest.out) == 4


@needs_onnx
def test_memory_is_flat_while_models_come_and_go(guest: Neural) -> None:
    pairs = guest.numbers(*guest.put(SIGMOID))
    tensor = guest.tensor((2, 3), F32, bytes(24))
    to = guest.room(24)

    def cycles(count: int) -> None:
        for _ in range(count):
            assert guest.call("load", pairs, 1, ONNX, CPU, guest.out) == 0
            graph = guest.u32(guest.out)
            context = guest.context(graph)
            assert guest.call("set_input", context, 0, tensor) == 0
            assert guest.call("compute", context) == 0
            assert guest.call("get_output", context, 0, to, 24, guest.out) == 0
            assert guest.call("finalize_execution_context", context) == 0
            assert guest.call("unload", graph) == 0

    cycles(200)
    grown = []
    for _ in range(5):
        before = resident()
        cycles(200)
        grown.append(resident() - before)
        if grown[-1] <= 64 << 10:
            return
    pytest.fail(f"grows by {grown} bytes in 200 cycles each")


def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@needs_onnx
@pytest.mark.parametrize("graphs", [1, 2])
def test_threads(graphs: int) -> None:
    """Several guest threads use one graph or one each, while another one loads and unloads."""
    guest = Neural()
    handles = [guest.load(SIGMOID) for _ in range(graphs)]
    contexts = [guest.context(handles[i % graphs]) for i in range(4)]
    tensors = [guest.tensor((2, 3), F32, floats(*[float(i)] * 6)) for i in range(4)]
    rooms = [guest.room(24) for _ in range(4)]
    outs = [guest.room(8) for _ in range(5)]
    pairs = guest.numbers(*guest.put(SIGMOID))
    wrong: list[Any] = []

    def work(i: int) -> None:
        for _ in range(100):
            codes = [
                guest.call("set_input", contexts[i], 0, tensors[i]),
                guest.call("compute", contexts[i]),
                guest.call("get_output", contexts[i], 0, rooms[i], 24, outs[i]),
            ]
            value = struct.unpack("<6f", guest.read(rooms[i], 24))
            expected = pytest.approx([1 / (1 + 2.718281828**-i)] * 6, rel=1e-4)
            if codes != [0, 0, 0] or value != expected:
                wrong.append((i, codes, value))

    def reload() -> None:
        for _ in range(50):
            wrong.extend(c for c in [guest.call("load", pairs, 1, ONNX, CPU, outs[4])] if c)
            wrong.extend(c for c in [guest.call("unload", guest.u32(outs[4]))] if c)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    threads.append(threading.Thread(target=reload))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# --- preloads -------------------------------------------------------------------------------------


@pytest.fixture
def preloaded() -> Iterator[Any]:
    """Sets the option for VMs made afterwards."""
    option = plugin_of("wasi_nn").option("nn-preload")
    yield option.assign
    option.assign([])


def by_name(guest: Neural, name: str, config: bytes | None = None) -> int:
    if config is None:
        return int(guest.call("load_by_name", *guest.put(name), guest.out))
    found = guest.call("load_by_name_with_config", *guest.put(name), *guest.put(config), guest.out)
    return int(found)


@needs_onnx
def test_preloaded_models(preloaded: Any, tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(SIGMOID)
    preloaded([f"s:ONNX:cpu:{tmp_path}/model", f"s:onnx:cpu:{tmp_path}/other"])
    guest = Neural()
    assert [by_name(guest, "s"), guest.u32(guest.out)] == [0, 0]
    guest.load(SIGMOID)
    assert [by_name(guest, "s"), guest.u32(guest.out)] == [0, 0]  # the same graph
    assert [by_name(guest, "s", b"ignored"), guest.u32(guest.out)] == [0, 0]
    assert guest.call("unload", 0) == 0
    assert [by_name(guest, "s"), guest.u32(guest.out)] == [0, 2]
    assert by_name(guest, "t") == 8
    assert by_name(guest, "") == 8
    end = guest.size
    assert guest.call("load_by_name", end, 1, guest.out) == 1
    assert guest.call("load_by_name", 0, -1, guest.out) == 1
    name = guest.put("s")
    assert guest.call("load_by_name", *name, end - 3) == 1
    assert guest.call("load_by_name_with_config", *name, end, 1, guest.out) == 1


@needs_onnx
def test_a_config_is_one_more_builder(preloaded: Any, tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(SIGMOID)
    preloaded([f"s:onnx:auto:{tmp_path}/model"])
    guest = Neural()
    assert by_name(guest, "s", b"{}") == 1
    assert by_name(guest, "s", b"") == 0


def test_preloads_that_are_none(
    preloaded: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    preloaded(["", "a", "a:onnx", "a:what:cpu:x", "a:onnx:what:x", f"b:onnx:cpu:{tmp_path}/no"])
    guest = Neural()
    assert by_name(guest, "a") == 8
    assert by_name(guest, "b") == 1  # a builder is missing
    written = capfd.readouterr().err
    assert written.count("nn-preload") == 6
    assert "No such file" in written


@needs_onnx
def test_the_command_preloads(tmp_path: Path) -> None:
    """Under an empty name, which is what a guest finds at address 0 with length 0."""
    (tmp_path / "model").write_bytes(SIGMOID)
    guest = tmp_path / "guest.wasm"
    instance = plugin_of("wasi_nn").create("wasi_nn")
    guest.write_bytes(binary("wasi_ephemeral_nn", types_of(instance)))
    command = [sys.executable, "-m", "pywasmedge", "--reactor"]
    for options, expected in ([f"--nn-preload=:onnx:cpu:{tmp_path}/model"], "0\n"), ([], "8\n"):
        words = [*options, guest, "load_by_name", "0", "0", "100"]
        done = subprocess.run([*command, *words], capture_output=True, text=True, check=True)
        assert done.stdout == expected


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
