"""The module ``wasmedge_tensorflowlite``, in both of its forms."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from typing import Any

import pytest
import testdata
from extension import Extension

pytestmark = pytest.mark.skipif(
    find_spec("ai_edge_litert") is None, reason="pip install 'pywasmedge[nn-tflite]'"
)

OLD = "wasmedge_tensorflowlite_"
INPUT, OUTPUT = "module/hub_input/images_uint8", "module/prediction"
SIZE, CLASSES = 224 * 224 * 3, 965


@pytest.fixture(scope="module")
def model() -> bytes:
    return testdata.require("extensions/models/aiy_birds_v1_3.tflite").read_bytes()


@pytest.fixture(scope="module")
def picture() -> bytes:
    images = pytest.importorskip("PIL.Image", reason="pip install 'pywasmedge[image]'")
    photo = images.open(testdata.require("extensions/models/bird.jpg"))
    x, y = 1023 / 223, 767 / 223
    matrix = (x, 0, 0.5 - 0.5 * x, 0, y, 0.5 - 0.5 * y)
    affine, bilinear = images.Transform.AFFINE, images.Resampling.BILINEAR
    return bytes(photo.transform((224, 224), affine, matrix, bilinear).tobytes())


class Lite(Extension):
    """A guest with a model in its memory."""

    def __init__(self, model: bytes) -> None:
        super().__init__("wasmedge_tensorflowlite", pages=(len(model) >> 16) + 16)
        self.model = self.put(model)
        self.input, self.output = self.put(INPUT), self.put(OUTPUT)
        self.data = self.room(SIZE), SIZE
        self.result = self.room(CLASSES), CLASSES
        self.out = self.room(8)

    def create(self) -> int:
        assert self.call("create_session", *self.model, self.out) == 0
        return self.u32(self.out)


@pytest.fixture(scope="module")
def guest(model: bytes) -> Lite:
    return Lite(model)


def best(guest: Lite) -> tuple[int, int]:
    scores = guest.read(*guest.result)
    return scores.index(max(scores)), max(scores)


def test_a_bird_in_both_forms(guest: Lite, picture: bytes) -> None:
    guest.memory[guest.data[0] : guest.data[0] + SIZE] = picture
    call = guest.call
    session = call(OLD + "create_session", *guest.model)
    assert session > 0
    call(OLD + "append_input", session, *guest.input, *guest.data)
    assert call(OLD + "run_session", session) == 0
    tensor = call(OLD + "get_output_tensor", session, *guest.output)
    assert call(OLD + "get_tensor_len", tensor) == CLASSES
    call(OLD + "get_tensor_data", tensor, guest.result[0])
    first = best(guest)
    assert first[0] == 166
    assert 220 <= first[1] <= 230
    call(OLD + "delete_session", session)
    guest.memory[guest.result[0] : guest.result[0] + CLASSES] = bytes(CLASSES)

    session = guest.create()
    assert call("append_input", session, *guest.input, *guest.data) == 0
    assert call("run_session", session) == 0
    assert call("get_output_tensor", session, *guest.output, guest.out) == 0
    tensor = guest.u32(guest.out)
    assert call("get_tensor_len", session, tensor, guest.out) == 0
    assert guest.u32(guest.out) == CLASSES
    assert call("get_tensor_data", session, tensor, *guest.result, guest.out) == 0
    assert guest.u32(guest.out) == CLASSES
    assert best(guest) == first
    assert call("delete_session", session) == 0


def test_wrong_arguments_of_the_old_form(guest: Lite) -> None:
    call, end = guest.call, guest.size
    session = call(OLD + "create_session", *guest.model)
    unknown = guest.put("no/such/tensor")
    for wrong in (0, -1, session + 1, session << 40):
        assert call(OLD + "run_session", wrong) == 1
        assert call(OLD + "get_output_tensor", wrong, *guest.output) == 0
        assert call(OLD + "get_tensor_len", wrong) == 0
        call(OLD + "get_tensor_data", wrong, end)  # nothing is stored
        call(OLD + "append_input", wrong, *guest.input, *guest.data)
        call(OLD + "delete_session", wrong)
    assert call(OLD + "get_output_tensor", session, *unknown) == 0
    assert call(OLD + "get_output_tensor", session, guest.output[0], 3) == 0
    call(OLD + "append_input", session, *unknown, *guest.data)
    call(OLD + "append_input", session, *guest.input, guest.data[0], 5)
    assert call(OLD + "run_session", session) == 0
    assert call(OLD + "create_session", *guest.input) == 0
    assert call(OLD + "create_session", 0, 0) == 0


def test_wrong_arguments_of_the_later_form(guest: Lite) -> None:
    call, end = guest.call, guest.size
    session = guest.create()
    out, unknown = guest.out, guest.put("no/such/tensor")
    for number in (session + 7, -1, 0):
        assert call("append_input", number, *guest.input, *guest.data) == 1
        assert call("run_session", number) == 1
        assert call("get_output_tensor", number, *guest.output, out) == 1
        assert call("get_tensor_len", number, 0, out) == 1
        assert call("get_tensor_data", number, 0, *guest.result, out) == 1
        assert call("append_input", number, end, 1, end, 1) == 1  # before ranges
        assert call("delete_session", number) == 0
    assert call("append_input", session, *unknown, *guest.data) == 1
    assert call("append_input", session, *guest.input, guest.data[0], SIZE - 1) == 1
    assert call("append_input", session, *guest.input, end - SIZE + 1, SIZE) == 3
    assert call("append_input", session, end, 1, *guest.data) == 3
    assert call("get_output_tensor", session, *unknown, out) == 1
    assert call("get_output_tensor", session, *guest.output, end - 3) == 3
    assert call("get_tensor_len", session, 1, out) == 1
    assert call("get_tensor_len", session, -1, out) == 1
    assert call("get_tensor_len", session, 0, -1) == 3
    to, size = guest.result
    for room in (size - 1, size + 1, 0):
        guest.memory[out : out + 4] = b"full"
        assert call("get_tensor_data", session, 0, to, room, out) == 1
        assert guest.u32(out) == 0
    assert call("get_tensor_data", session, 0, end, size, out) == 3
    assert call("create_session", *guest.input, out) == 1
    assert call("create_session", 0, 0, out) == 1
    assert call("create_session", *guest.model, end - 3) == 3
    assert call("create_session", end, 8, out) == 3


def test_numbers_are_never_used_again(guest: Lite) -> None:
    first = guest.create()
    guest.call("delete_session", first)
    assert guest.create() == first + 1
    assert guest.call("run_session", first) == 1


def test_damaged_models() -> None:
    """What the library refuses is 1; in a process of its own, as its reader is not ours."""
    code = (
        "import sys\n"
        "from extension import Extension\n"
        "model = open(sys.argv[1], 'rb').read()\n"
        "guest = Extension('wasmedge_tensorflowlite', pages=200)\n"
        "codes = set()\n"
        "for cut in (0, 1, 7, 8, 100, len(model) // 2):\n"
        "    guest.free = 1024\n"
        "    codes.add(guest.call('create_session', *guest.put(model[:cut]), 64))\n"
        "print(sorted(codes))\n"
    )
    path = testdata.require("extensions/models/aiy_birds_v1_3.tflite")
    environment = {**os.environ, "PYTHONPATH": testdata.IMPORTS}
    words: list[Any] = [sys.executable, "-c", code, path]
    done = subprocess.run([*map(str, words)], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[1]\n"


def test_without_the_library() -> None:
    code = (
        "import sys; sys.modules['ai_edge_litert'] = None\n"
        "from extension import Extension\n"
        "guest = Extension('wasmedge_tensorflowlite', pages=1)\n"
        "print(guest.call('create_session', 0, 8, 64),"
        " guest.call('wasmedge_tensorflowlite_create_session', 0, 8))\n"
    )
    environment = {**os.environ, "PYTHONPATH": testdata.IMPORTS}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout == "1 0\n"
    assert "pip install 'pywasmedge[nn-tflite]'" in done.stderr
