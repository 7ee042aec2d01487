"""WASI-NN: handles, limits, threads, preloaded models."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from extension import plugin_of, types_of
from forwarder import binary

from pywasmedge.extensions.nn import session as sessions

if TYPE_CHECKING:
    from collections.abc import Iterator

from neural import CPU, F32, ONNX, SIGMOID, Neural, floats, needs_onnx


@pytest.fixture
def guest() -> Neural:
    return Neural()


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
