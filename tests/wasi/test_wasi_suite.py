"""The 72 preview1 guests of WebAssembly/wasi-testsuite, through the API and the command."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
import testdata

from pywasmedge import VM, Exit
from pywasmedge.wasi import WASI

ARCHIVE = "wasi/wasi-testsuite.tar.xz"


def _names() -> list[str]:
    """``rust/fd_readdir`` and so on, of every guest in the archive."""
    archive = testdata.find(ARCHIVE)
    if archive is None:
        return []
    with tarfile.open(archive) as tar:
        members = (Path(name) for name in tar.getnames())
        return sorted(
            "/".join(p.with_suffix("").parts[-2:]) for p in members if p.suffix == ".wasm"
        )


NAMES = _names()


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The unpacked guests by name."""
    folder = tmp_path_factory.mktemp("suite")
    with tarfile.open(testdata.require(ARCHIVE)) as tar:
        tar.extractall(folder, filter="data")
    return {f"{p.parent.name}/{p.stem}": p for p in folder.rglob("*.wasm")}


class Case:
    """What a guest is given and what it should do."""

    def __init__(self, wasm: Path, folder: Path) -> None:
        self.wasm = wasm
        specification = wasm.with_suffix(".json")
        given: dict[str, Any] = (
            json.loads(specification.read_text()) if specification.exists() else {}
        )
        self.args: list[str] = given.get("args", [])
        self.env: dict[str, str] = given.get("env", {})
        self.exit_code: int = given.get("exit_code", 0)
        self.stdout: str | None = given.get("stdout")
        self.root: Path | None = None
        if "root" in given:
            self.root = folder / "root"
            shutil.copytree(wasm.parent / given["root"], self.root, symlinks=True)


def test_all_are_there() -> None:
    testdata.require(ARCHIVE)
    assert len(NAMES) == 72


@pytest.mark.parametrize("name", NAMES)
def test_through_the_api(name: str, suite: dict[str, Path], tmp_path: Path) -> None:
    case = Case(suite[name], tmp_path)
    output: list[bytes] = []
    with open(os.devnull, "rb") as stdin, open(tmp_path / "stderr", "w+b") as stderr:
        wasi = WASI(
            [case.wasm.name, *case.args],
            case.env,
            {"/": case.root} if case.root else {},
            stdin=stdin,
            stdout=output.append,
            stderr=stderr,
        )
        code = 0
        with VM() as vm, wasi:
            vm.register_module(wasi)
            try:
                vm.run_wasm_from_file(case.wasm)
            except Exit as end:
                code = end.exit_code
        stderr.seek(0)
        assert (code, wasi.exit_code) == (case.exit_code,) * 2, stderr.read().decode()
    if case.stdout is not None:
        assert b"".join(output).decode() == case.stdout


@pytest.mark.parametrize("name", NAMES)
def test_through_the_command(name: str, suite: dict[str, Path], tmp_path: Path) -> None:
    case = Case(suite[name], tmp_path)
    command = [sys.executable, "-m", "pywasmedge"]
    for key, value in case.env.items():
        command += ["--env", f"{key}={value}"]
    if case.root:
        command += ["--dir", f"/:{case.root}"]
    command += [str(case.wasm), *case.args]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    assert done.returncode == case.exit_code, done.stderr.decode()
    if case.stdout is not None:
        assert done.stdout.decode() == case.stdout
