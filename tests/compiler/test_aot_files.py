"""Files that are no good as compiled modules, and output that cannot be written."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import ahead
import pytest
from ahead import SMALL, SUFFIX, configure, small, wasmedgec
from wasmbuild import body, custom, wasm

from pywasmedge import VM, Compiler, Loader, LoadError, Module, OutputFormat, WasmError
from pywasmedge.base import log
from pywasmedge.compiler import artifact, elf, universal
from pywasmedge.compiler.artifact import HEADER, Artifact, Origin
from pywasmedge.compiler.code import ALIGNMENT

LIBRARY, UNIVERSAL = OutputFormat.NATIVE, OutputFormat.WASM
REFUSED = {0x20, 0x22, 0x23, 0x24, 0x39}
"""Codes for libraries that are no good."""


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is logged, instead of standard error."""
    lines: list[str] = []
    monkeypatch.setattr(log, "write", lambda level, text, to=2: lines.append(text))
    return lines


def parse(data: bytes, folder: Path) -> Module:
    """Load a library."""
    path = folder / "library.so"
    path.write_bytes(data)
    return Loader().parse_file(path)


def works(module: Module) -> bool:
    """Whether a module does what ``SMALL`` does."""
    return VM().run_wasm_from_module(module, "twice", 5) == 20  # type: ignore[no-any-return]


def flipped(data: bytes, at: int) -> bytes:
    """The data with a bit of a byte changed, not always the same one."""
    copy = bytearray(data)
    copy[at] ^= 1 << at % 8
    return bytes(copy)


# --- damage ---


def artifact_in(data: bytes) -> tuple[int, Artifact]:
    """Where the artifact of ``small`` is, and the artifact."""
    at = data.index(artifact.MAGIC)
    return at, artifact.read(data[at:])


def test_every_byte_of_a_library_that_matters_is_checked(tmp_path: Path) -> None:
    """Bytes that nothing reads may change: padding, what is there for other tools."""
    data = small(LIBRARY)
    at, made = artifact_in(data)
    assert at == ALIGNMENT
    end = at + made.size
    ignored = 0
    headers = [*range(512), *range(at, at + HEADER.size + 512)]
    places = [*headers, *range(512, end, 61), *range(end, len(data) - 1024, 61)]
    places += range(len(data) - 1024, len(data), 5)  # headers of sections
    for place in places:
        try:
            module = parse(flipped(data, place), tmp_path)
        except LoadError as error:
            assert error.code in REFUSED, place
        else:
            ignored += 1
            assert place >= at + made.image[0] - ALIGNMENT, place
            assert works(module), place
    assert ignored < 0.2 * len(places)


@pytest.mark.parametrize("option", ["--strip-all", "--strip-debug", "--strip-unneeded"])
def test_stripped_libraries_work(option: str, tmp_path: Path) -> None:
    """Without symbols for debuggers; the rest is still checked."""
    tool = shutil.which("strip")
    if tool is None:
        pytest.skip("no strip")
    path = tmp_path / "small.so"
    path.write_bytes(small(LIBRARY))
    subprocess.run([tool, option, path], check=True)
    data = path.read_bytes()
    assert len(data) < len(small(LIBRARY))
    assert works(parse(data, tmp_path))
    places = [*range(16, 64), *range(64, 400, 7), *range(ALIGNMENT, ALIGNMENT + 200, 7)]
    for place in places:
        with pytest.raises(LoadError):
            parse(flipped(data, place), tmp_path)


def test_every_byte_of_a_code_section_is_checked(quiet: list[str]) -> None:
    """The plain part runs then; where sections have no sense any more the module is malformed."""
    data = small(UNIVERSAL)
    at, made = artifact_in(data)
    headers = range(len(SMALL), at + HEADER.size + 512)
    for place in [*headers, *range(headers.stop, len(data), 31)]:
        quiet.clear()
        try:
            module = Loader().parse_bytes(flipped(data, place))
        except WasmError:
            assert place < at, place
            continue
        assert module._precompiled is None, place
        if place >= at:
            assert "not used" in quiet[0]
        if place % 16 == 0:
            assert works(module), place
    assert made.size == len(data) - at


def test_code_of_another_module_is_not_used(quiet: list[str]) -> None:
    """Whatever was changed in the module."""
    data = small(UNIVERSAL)
    for place in range(8, len(SMALL)):
        try:
            module = Loader().parse_bytes(flipped(data, place))
        except LoadError:
            continue
        assert module._precompiled is None, place
        assert "another module" in quiet[-1]


@pytest.mark.parametrize("format_", ahead.FORMATS, ids=lambda f: f.name.lower())
def test_cut_off(format_: OutputFormat, tmp_path: Path) -> None:
    data = small(format_)
    for size in [*range(0, len(data), 37), len(data) - 1]:
        with pytest.raises(LoadError) as error:
            if format_ == LIBRARY:
                parse(data[:size], tmp_path)
            elif size != len(SMALL):
                Loader().parse_bytes(data[:size])
            else:
                raise LoadError(error.value.code)  # that is the plain module
        assert error.value.code in REFUSED | {0x26, 0x27}


# --- not ours, not for us ---


def made_for(origin: Origin) -> tuple[bytes, bytes]:
    """A library and a universal module with the code of ``small`` and another origin."""
    _, found = artifact_in(small(UNIVERSAL))
    codes = [(code, 2) for code in found.codes()]
    return (
        elf.write(origin, codes, SMALL, {}),
        universal.write(origin, codes, SMALL),
    )


@pytest.mark.parametrize(
    ("change", "code", "reason"),
    [
        ({}, None, ""),
        ({"generator": b"another version!"}, 0x24, "another version"),
        ({"processor": 1 << 255}, 0x24, "another processor"),
        ({"module": b"what?"}, 0x39, "damaged"),
    ],
)
def test_another_version_processor_module(
    change: dict[str, object], code: int | None, reason: str, tmp_path: Path, quiet: list[str]
) -> None:
    _, found = artifact_in(small(UNIVERSAL))
    own = found.origin
    fields = ("module", "proposals", "guarded", "count", "cost", "exact", "generator", "processor")
    values = {name: getattr(own, name) for name in fields} | change
    library, module = made_for(Origin(**values))
    if code is None:
        assert works(parse(library, tmp_path))
        assert Loader().parse_bytes(module)._precompiled is not None
        return
    with pytest.raises(LoadError, match=reason) as error:
        parse(library, tmp_path)
    assert error.value.code == code
    plain = Loader().parse_bytes(module)
    assert plain._precompiled is None
    assert (reason if code == 0x24 else "another module") in quiet[-1]
    assert works(plain)


def test_another_format(tmp_path: Path) -> None:
    """The number of the format alone decides, whatever comes after it."""
    data = bytearray(small(LIBRARY))
    data[ALIGNMENT + 8] += 1
    with pytest.raises(LoadError) as error:
        parse(bytes(data), tmp_path)
    assert error.value.code == 0x24


def test_other_elf_files(tmp_path: Path) -> None:
    data = small(LIBRARY)
    other_machine = bytearray(data)
    other_machine[18] = 0xB7 if data[18] != 0xB7 else 0x3E
    libraries = re.findall(r" (/\S+\.so\S*)", Path("/proc/self/maps").read_text())
    cases = [
        (Path(sys.executable).read_bytes(), 0x20),
        (bytes(other_machine), 0x20),
        (data[:64], 0x20),
        (b"\x7fELF", 0x20),
        (b"\x7fELF" + bytes(100_000), 0x20),
        *[(Path(path).read_bytes(), 0x39) for path in libraries if "_cffi" in path],
    ]
    assert len(cases) > 5
    for content, code in cases:
        with pytest.raises(LoadError) as error:
            parse(content, tmp_path)
        assert error.value.code == code


def test_the_last_good_section_wins(quiet: list[str]) -> None:
    good = small(UNIVERSAL)
    section = good[len(SMALL) :]
    bad = flipped(section, len(section) - 1)
    other = Compiler(configure(UNIVERSAL, instruction_counting=True)).compile_bytes(SMALL)
    for data, count, said in (
        (good + bad, False, 1),
        (SMALL + bad + section, False, 0),
        (good + other[len(SMALL) :], True, 0),
        (SMALL + bad + bad, None, 2),
        (good + custom("wasmedge", b""), False, 1),
        (SMALL + custom("note", b"x") + section, None, 1),
    ):
        quiet.clear()
        found = universal.find(data, quiet.append)
        assert (found and found[0].origin.count) is count
        assert len(quiet) == said
        assert works(Loader().parse_bytes(data))


def test_compiling_a_compiled_module_replaces_its_code() -> None:
    compiler = Compiler(configure(UNIVERSAL))
    assert compiler.compile_bytes(small(UNIVERSAL)) == compiler.compile_bytes(SMALL)
    with pytest.raises(LoadError) as error:
        compiler.compile_bytes(small(LIBRARY))
    assert error.value.code == 0x23


# --- output ---


def source(folder: Path) -> Path:
    path = folder / "in.wasm"
    path.write_bytes(SMALL)
    return path


def code_of(compiler: Compiler, *paths: Path) -> int:
    with pytest.raises(WasmError) as error:
        compiler.compile(*paths)
    return int(error.value.code)


def test_output_that_cannot_be_written(tmp_path: Path) -> None:
    path = source(tmp_path)
    (tmp_path / "folder.wasm").mkdir()
    (tmp_path / "loop.wasm").symlink_to("loop.wasm")
    compiler = Compiler(configure(UNIVERSAL))
    for output in ("folder.wasm", "no/such.wasm", "in.wasm/x", "loop.wasm", "x" * 300):
        assert code_of(compiler, path, tmp_path / output) == 0x20
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder.wasm", "in.wasm", "loop.wasm"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_folder(tmp_path: Path) -> None:
    path = source(tmp_path)
    tmp_path.chmod(0o500)
    try:
        assert code_of(Compiler(configure(UNIVERSAL)), path, tmp_path / "out.wasm") == 0x20
    finally:
        tmp_path.chmod(0o700)


def test_bad_input_leaves_the_output_alone(tmp_path: Path) -> None:
    output = tmp_path / "out.wasm"
    output.write_bytes(b"precious")
    invalid = wasm(types=["-> i32"], funcs=[0], code=[body("nop")])
    compiler = Compiler(configure(UNIVERSAL))
    for content, code in ((b"", 0x22), (b"asm\0", 0x23), (SMALL[:-3], 0x27), (invalid, 0x41)):
        path = tmp_path / "in.wasm"
        path.write_bytes(content)
        assert code_of(compiler, path, output) == code
    assert code_of(compiler, tmp_path / "missing", output) == 0x20
    assert output.read_bytes() == b"precious"
    compiler.compile(source(tmp_path), output)
    assert output.read_bytes() == small(UNIVERSAL)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link.wasm").symlink_to("target.wasm")
    Compiler(configure(UNIVERSAL)).compile(source(tmp_path), tmp_path / "link.wasm")
    assert (tmp_path / "link.wasm").is_symlink()
    assert (tmp_path / "target.wasm").read_bytes() == small(UNIVERSAL)


def test_devices_are_written_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE)
    Compiler(configure(UNIVERSAL)).compile(source(tmp_path), pipe)
    assert pipe.is_fifo()
    written, _ = reader.communicate(timeout=30)
    assert written == small(UNIVERSAL)


def test_no_space_left(tmp_path: Path) -> None:
    """The limit on the size of files is what can be had of a full disk without being root."""
    output = tmp_path / "out.so"
    output.write_bytes(b"precious")
    limit = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000)); "
        "sys.dont_write_bytecode = True; "  # the interpreter would keep half a file
    )
    command = "from pywasmedge.cli.wasmedgec import main; main()"
    done = ahead.python(limit + command, source(tmp_path), output)
    assert done.returncode == 1
    assert "compile failed. Error code: 32" in done.stderr
    assert output.read_bytes() == b"precious"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.wasm", "out.so"]


def test_kill_during_compilation(tmp_path: Path) -> None:
    code = [body("local.get 0 i32.const 1 i32.add " * 500 + "drop " * 499) for _ in range(300)]
    binary = wasm(types=["i32 -> i32"], funcs=[0] * 300, code=code)
    path, output = tmp_path / "big.wasm", tmp_path / "out.so"
    path.write_bytes(binary)
    output.write_bytes(b"precious")
    program = (
        "import sys, pywasmedge\n"
        "def progress(done, total): print(done, flush=True)\n"
        "pywasmedge.Compiler().compile(sys.argv[1], sys.argv[2], progress)\n"
    )
    command = [sys.executable, "-c", program, str(path), str(output)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()  # a unit is done, not all of them
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert output.read_bytes() == b"precious"


# --- the command ---


@pytest.mark.parametrize("format_", ahead.FORMATS, ids=lambda f: f.name.lower())
def test_the_name_decides_on_the_format(format_: OutputFormat, tmp_path: Path) -> None:
    output = tmp_path / f"out{SUFFIX[format_]}"
    done = wasmedgec("--optimize", "o0", source(tmp_path), output)
    assert done.returncode == 0
    assert done.stderr == ""
    assert len(re.findall(r"\] \[info\] ", done.stdout)) == 2
    assert (output.read_bytes()[:4] == b"\x7fELF") == (format_ == LIBRARY)
    run = [sys.executable, "-m", "pywasmedge", "--reactor", str(output), "twice", "5"]
    assert subprocess.run(run, capture_output=True, check=True).stdout == b"20\n"


@pytest.mark.parametrize(
    ("content", "step", "code"),
    [(None, "load", 0x20), (b"", "load", 0x22), (SMALL[:-3], "load", 0x27)],
)
def test_failures_name_the_step(
    content: bytes | None, step: str, code: int, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "in.wasm").write_bytes(content)
    done = wasmedgec(tmp_path / "in.wasm", tmp_path / "out.so")
    assert done.returncode == 1
    assert f"{step} failed. Error code: {code}" in done.stderr
    assert not (tmp_path / "out.so").exists()


def test_an_invalid_module_and_proposals(tmp_path: Path) -> None:
    tail_call = wasm(types=["i32 -> i32"], funcs=[0], code=[body("local.get 0 return_call 0")])
    path, output = tmp_path / "in.wasm", tmp_path / "out.wasm"
    path.write_bytes(wasm(types=["-> i32"], funcs=[0], code=[body("nop")]))
    done = wasmedgec(path, output)
    assert (done.returncode, output.exists()) == (1, False)
    assert "validate failed. Error code: 65" in done.stderr
    path.write_bytes(tail_call)
    assert wasmedgec(path, output).returncode == 1
    assert wasmedgec("--enable-tail-call", "--optimize", "o0", path, output).returncode == 0


def test_progress_is_shown_on_a_terminal(tmp_path: Path) -> None:
    """A line that is removed at the end; elsewhere there is none, as other tests see."""
    code = [body("local.get 0 i32.const 1 i32.add " * 1000 + "drop " * 999) for _ in range(80)]
    path = tmp_path / "in.wasm"
    path.write_bytes(wasm(types=["i32 -> i32"], funcs=[0] * 80, code=code))
    ours, theirs = os.openpty()
    program = "from pywasmedge.cli.wasmedgec import main; main()"
    command = [sys.executable, "-c", program, "--optimize", "o0", path, tmp_path / "out.wasm"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        text = b""
        try:
            while part := os.read(ours, 4096):
                text += part
        except OSError:  # the other end is closed
            pass
    os.close(ours)
    assert process.returncode == 0
    assert re.match(rb"\rin\.wasm: \d+ %, \d+ s left \x1b\[K", text)
    assert text.endswith(b"\r\x1b[K")


def test_usage(tmp_path: Path) -> None:
    assert wasmedgec("--version").stdout.startswith("wasmedgec version 0.10.0\nLLVM ")
    page = wasmedgec("--help")
    assert page.returncode == wasmedgec().returncode == 1
    assert "--generic-binary" in page.stdout
    for words in (["--nonsense"], ["one"], ["a", "b", "c"], ["--optimize", "o9", "a", "b"]):
        done = wasmedgec(*words)
        assert done.returncode == 1
        assert re.fullmatch("wasmedgec: [^\n]+\n", done.stderr)


def test_all_options(tmp_path: Path) -> None:
    words = ["--dump", "--interruptible", "--generic-binary", "--enable-all-statistics"]
    words.append("--exact-traps")
    done = wasmedgec(*words, source(tmp_path), tmp_path / "out.wasm", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    made = universal.find((tmp_path / "out.wasm").read_bytes(), pytest.fail)
    assert made is not None
    assert made[0].origin.count
    assert made[0].origin.cost
    assert made[0].origin.exact
    assert {"wasm.ll", "wasm-opt.ll"} <= {path.name for path in tmp_path.iterdir()}
