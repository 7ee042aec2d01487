"""Modules compiled ahead of time behave like the modules they were made from."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import ahead
import pytest
import wat_modules
from ahead import FORMATS, GUESTS, SMALL, api, compiled, configure, small, uses_its_code
from wasmbuild import body, wasm

from pywasmedge import (
    VM,
    Compiler,
    Configure,
    Executor,
    Loader,
    LoadError,
    OptimizationLevel,
    OutputFormat,
    Proposal,
    Store,
    Trap,
    ValidationError,
    Validator,
)
from pywasmedge.compiler import artifact, layout, universal

if TYPE_CHECKING:
    from pathlib import Path

    from pywasmedge import Module, ModuleInstance

each_format = pytest.mark.parametrize("format_", FORMATS, ids=lambda f: f.name.lower())


def load(data: bytes, folder: Path, configure: Configure | None = None) -> Module:
    """A module from bytes, or from a file if it is a library."""
    if data.startswith(b"\0asm"):
        return Loader(configure).parse_bytes(data)
    path = folder / "module.so"
    path.write_bytes(data)
    return Loader(configure).parse_file(path)


def instantiate(module: Module, configure: Configure | None = None) -> ModuleInstance:
    Validator(configure).validate(module)
    return Executor(configure).instantiate(Store(), module)


# --- running ---


@each_format
def test_every_kind_of_function(format_: OutputFormat, tmp_path: Path) -> None:
    vm = api(tmp_path, format_)
    assert vm.module is not None
    assert uses_its_code(vm.module)
    assert vm.execute("add", 20, 22) == 42
    assert vm.execute("fib", 20) == 6765
    assert vm.execute("seven_times", 6) == 42
    assert vm.execute("swap", -5, 0.5) == (0.5, -5)
    assert vm.execute("many") == (-1, -2, 0.5, 0.25)
    assert vm.execute("v128", bytes(range(16))) == bytes(range(16))
    assert vm.execute("externref", "object") == "object"


@each_format
def test_traps_have_codes_and_names(format_: OutputFormat, tmp_path: Path) -> None:
    vm = api(tmp_path, format_)
    with pytest.raises(Trap) as trap:
        vm.execute("unreachable")
    assert trap.value.code == 0x89
    assert trap.value.backtrace == ("inner", "outer")
    for name, arguments, code in (("div", (1, 0), 0x84), ("call_slot", (0,), 0x8C)):
        with pytest.raises(Trap) as trap:
            vm.execute(name, *arguments)
        assert trap.value.code == code
    with pytest.raises(Trap) as trap:
        vm.execute("spin", timeout=0.05)
    assert trap.value.code == 0x07


@each_format
@pytest.mark.parametrize("guest", ["hello", "alloc", "indirect"])
def test_programs(format_: OutputFormat, guest: str, tmp_path: Path) -> None:
    outputs = [
        subprocess.run(
            [sys.executable, "-m", "pywasmedge", str(path)],
            input=b"one two\nthree\n",
            capture_output=True,
            check=True,
        ).stdout
        for path in (
            GUESTS / f"{guest}.wasm",
            compiled(GUESTS / f"{guest}.wasm", tmp_path, format_),
        )
    ]
    assert outputs[0] == outputs[1] != b""


@each_format
def test_compiled_and_plain_modules_import_from_each_other(
    format_: OutputFormat, tmp_path: Path
) -> None:
    plain, made = (wat_modules.path("provider"), wat_modules.path("consumer"))
    both = [(compiled(plain, tmp_path, format_), made), (plain, compiled(made, tmp_path, format_))]
    expected = _linked(plain, made)
    assert expected
    for provider, consumer in both:
        assert _linked(provider, consumer) == expected


def _linked(provider: Path, consumer: Path) -> list[tuple[str, object]]:
    """What the functions of a module without parameters return, linked with another one."""
    vm = VM()
    vm.register_module_from_file("provider", provider)
    vm.register_module(wat_modules.env())
    vm.load_wasm(consumer)
    vm.validate()
    vm.instantiate()
    found = []
    for name, type_ in vm.function_list():
        if not type_.params:
            try:
                found.append((name, repr(vm.execute(name))))
            except Trap as trap:
                found.append((name, int(trap.code)))
    return found


@each_format
def test_all_ways_of_loading(format_: OutputFormat, tmp_path: Path) -> None:
    data = small(format_)
    path = tmp_path / "small"
    path.write_bytes(data)
    assert VM().run_wasm_from_file(path, "twice", 10) == 40
    assert VM().run_wasm_from_module(load(data, tmp_path), "twice", 10) == 40
    vm = VM()
    vm.register_module_from_file("other", path)
    assert vm.execute_registered("other", "double", 4) == 8
    if format_ == OutputFormat.WASM:
        assert VM().run_wasm_from_bytes(data, "twice", 10) == 40
    else:
        with pytest.raises(LoadError) as error:
            Loader().parse_bytes(data)
        assert error.value.code == 0x23


def test_a_library_may_be_removed_once_it_is_loaded(tmp_path: Path) -> None:
    module = load(small(OutputFormat.NATIVE), tmp_path)
    (tmp_path / "module.so").unlink()
    assert instantiate(module).exports["twice"](3) == 12
    assert uses_its_code(module)


@each_format
def test_modules_without_functions(format_: OutputFormat, tmp_path: Path) -> None:
    for binary in (wasm(), wasm(memories=[b"\0\1"], exports=[("m", "memory", 0)])):
        module = load(Compiler(configure(format_)).compile_bytes(binary), tmp_path)
        instantiate(module)


@each_format
def test_code_can_be_refused(
    format_: OutputFormat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    off = Configure(precompiled=False)
    assert load(small(format_), tmp_path, off)._precompiled is None
    assert instantiate(load(small(format_), tmp_path, off)).exports["twice"](3) == 12
    monkeypatch.setenv("PYWASMEDGE_PRECOMPILED", "off")
    assert load(small(format_), tmp_path)._precompiled is None
    assert load(small(format_), tmp_path, Configure(precompiled=True))._precompiled is not None


@each_format
def test_a_function_that_is_too_complex_is_left_out(format_: OutputFormat, tmp_path: Path) -> None:
    many = " ".join(["i32"] * 1000)
    code = "i32.const 7 " * 1000 + "call 1 " * 1000 + "drop " * 1000
    binary = wasm(
        types=["->", f"{many} -> {many}"],
        funcs=[0, 1, 0],
        exports=[("complex", "func", 0), ("simple", "func", 2)],
        code=[body(code), body("unreachable"), body("")],
    )
    module = load(Compiler(configure(format_)).compile_bytes(binary), tmp_path)
    vm = VM()
    vm.load_wasm_from_module(module)
    vm.validate()
    vm.instantiate()
    (compiled,) = module._code.values()
    assert [compiled.has_code(i) for i in range(3)] == [False, True, True]
    assert vm.execute("simple") is None
    with pytest.raises(Trap, match="too complex"):
        vm.execute("complex")


# --- what is needed for it ---

RUN = """
import sys
from pywasmedge import VM
vm = VM()
vm.load_wasm(sys.argv[1]); vm.validate(); vm.instantiate()
print(vm.execute("twice", 5))
print([name for name in sys.modules if name.split(".")[-1] in sys.argv[2:]])
"""


@each_format
def test_neither_llvm_nor_the_walker_is_loaded(format_: OutputFormat, tmp_path: Path) -> None:
    path = tmp_path / "small"
    for data, expected in ((small(format_), "[]"), (SMALL, "['pywasmedge.walk.walker']")):
        path.write_bytes(data)
        done = ahead.python(RUN, path, "walker", "llvm" if expected == "[]" else "-")
        assert done.stdout.split("\n")[:2] == ["20", expected], done.stderr


UNGUARDED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
from pywasmedge import VM
print(VM().run_wasm_from_file(sys.argv[1], "load", 65532))
try:
    VM().run_wasm_from_file(sys.argv[1], "load", 65533)
except Exception as error:
    print(hex(error.code))
"""


def test_memory_without_guard_pages(tmp_path: Path) -> None:
    """Where address space is scarce the code, which relies on them, is not used."""
    binary = wasm(
        types=["i32 -> i32"],
        funcs=[0],
        memories=[b"\0\1"],
        exports=[("load", "func", 0)],
        code=[body("local.get 0 i32.load 2 0")],
    )
    path = tmp_path / "load.wasm"
    path.write_bytes(Compiler(configure(OutputFormat.WASM)).compile_bytes(binary))
    done = ahead.python(UNGUARDED, path)
    assert done.stdout == "0\n0x88\n", done.stderr
    assert "not used" in done.stderr


def test_universal_modules_are_modules(tmp_path: Path) -> None:
    """The original bytes come first, what follows is a custom section."""
    data = small(OutputFormat.WASM)
    assert data.startswith(SMALL)
    assert len(Loader().parse_bytes(data).custom_sections("wasmedge")) == 1
    node = shutil.which("node")
    if node is None:
        pytest.skip("no other engine: node is not on the path")
    (tmp_path / "small.wasm").write_bytes(data)
    script = (
        "const bytes = require('fs').readFileSync(process.argv[1]);"
        "WebAssembly.instantiate(bytes).then(m => console.log(m.instance.exports.twice(5)))"
    )
    done = subprocess.run(
        [node, "-e", script, tmp_path / "small.wasm"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "20\n"


# --- libraries for other tools ---


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(
        wat_modules.path("api"), tmp_path_factory.mktemp("library"), OutputFormat.NATIVE
    )


def tool(name: str, *arguments: object) -> str:
    """Output of a tool that must not complain; skips the test if it is not there."""
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not on the path")
    done = subprocess.run([name, *map(str, arguments)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_readelf(library: Path) -> None:
    text = tool("readelf", "-aW", library)
    assert "warning" not in text.lower()
    for name in (".text", ".eh_frame", ".wasm", ".wasmedge", ".symtab", ".dynsym"):
        assert f" {name} " in text
    assert re.search(r" FUNC +LOCAL +DEFAULT +2 fib\n", text)
    sizes = re.findall(r": [0-9a-f]{16} +(\d+) FUNC", text)
    assert len(sizes) > 20
    assert "0" not in sizes


def test_frame_information_covers_the_functions(library: Path) -> None:
    symbols = re.findall(r": ([0-9a-f]{16}) +\d+ FUNC", tool("readelf", "-sW", library))
    frames = re.findall(r"pc=([0-9a-f]{16})\.\.", tool("readelf", "--debug-dump=frames", library))
    assert set(symbols) <= set(frames)


def test_disassembly(library: Path) -> None:
    text = tool("objdump", "-d", "--no-show-raw-insn", library)
    function = text.partition("<add>:")[2].partition("\n\n")[0]
    assert re.search(r"\bret", function)


def test_debugger(library: Path) -> None:
    text = tool("gdb", "-nx", "-batch", "-ex", "disassemble add", "-ex", "info scope add", library)
    assert "Dump of assembler code for function add:" in text
    assert text.rstrip().endswith("contains no locals or arguments.")


def test_the_system_can_load_it(library: Path) -> None:
    source = "import ctypes, sys; ctypes.CDLL(sys.argv[1])['pywasmedge_code']"
    done = ahead.python(source, library)
    assert done.returncode == 0, done.stderr


def test_the_module_can_be_taken_out(library: Path, tmp_path: Path) -> None:
    tool("objcopy", "-O", "binary", "-j", ".wasm", "--set-section-flags", ".wasm=alloc", library,
         tmp_path / "api.wasm")  # fmt: skip
    assert (tmp_path / "api.wasm").read_bytes() == wat_modules.path("api").read_bytes()


# --- options ---


@pytest.mark.parametrize("level", OptimizationLevel, ids=lambda level: level.name)
def test_levels(level: OptimizationLevel, tmp_path: Path) -> None:
    vm = api(tmp_path, OutputFormat.NATIVE, optimization_level=level)
    assert vm.execute("fib", 15) == 610
    with pytest.raises(Trap, match="unreachable"):
        vm.execute("unreachable")


@pytest.mark.long
def test_optimisation_matters() -> None:
    sizes = {
        level: len(
            Compiler(
                configure(OutputFormat.WASM, optimization_level=level),
            ).compile_bytes(GUESTS.joinpath("wordcount.wasm").read_bytes())
        )
        for level in (OptimizationLevel.O0, OptimizationLevel.O3, OptimizationLevel.OZ)
    }
    assert sizes[OptimizationLevel.OZ] < sizes[OptimizationLevel.O3] < sizes[OptimizationLevel.O0]


def origin_of(data: bytes) -> artifact.Origin:
    """What the code in a universal module was made for."""
    found = universal.find(data, pytest.fail)
    assert found is not None
    return found[0].origin


def test_generic_code_needs_less_of_the_processor() -> None:
    here = origin_of(small(OutputFormat.WASM)).processor
    generic = Compiler(configure(OutputFormat.WASM, generic_binary=True)).compile_bytes(SMALL)
    assert here == layout.processor()
    assert origin_of(generic).processor == layout.GENERIC_PROCESSOR
    assert layout.GENERIC_PROCESSOR & ~here == 0
    assert VM().run_wasm_from_bytes(generic, "twice", 2) == 8


@pytest.mark.long
def test_generic_code_has_no_newer_instructions(tmp_path: Path) -> None:
    source = GUESTS / "wordcount.wasm"
    kinds = []
    for generic in (False, True):
        options = {"generic_binary": generic, "optimization_level": OptimizationLevel.O2}
        library = compiled(source, tmp_path, OutputFormat.NATIVE, **options)
        text = tool("objdump", "-d", "--no-show-raw-insn", library)
        functions = re.findall(r"^[0-9a-f]+ <f?\w+>:\n((?:.+\n)+)", text, re.MULTILINE)
        kinds.append(len(re.findall(r"\tv[a-z]+ |%[yz]mm", "".join(functions))))
    if layout.processor() >> 28 & 1:  # this processor has AVX
        assert kinds[0] > 100
    assert kinds[1] < 10  # data between functions that look like instructions


def test_intermediate_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options = configure(OutputFormat.WASM, dump_ir=True, optimization_level=OptimizationLevel.O2)
    Compiler(options).compile_bytes(SMALL)
    before, after = (tmp_path / name for name in ("wasm.ll", "wasm-opt.ll"))
    assert re.search(r"^define .*tailcc i32 @f1\(", before.read_text(), re.MULTILINE)
    assert "call tailcc" in before.read_text()
    assert "call tailcc" not in after.read_text()  # inlined
    assert sorted(path.name for path in tmp_path.iterdir()) == ["wasm-opt.ll", "wasm.ll"]


@each_format
def test_counts_are_those_of_other_code(format_: OutputFormat, tmp_path: Path) -> None:
    options = {"instruction_counting": True, "cost_measuring": True}
    vm = api(tmp_path, format_, **options)
    assert vm.module is not None
    plain = VM(Configure(**options))
    plain.register_module(wat_modules.env())
    plain.load_wasm(wat_modules.path("api"))
    plain.validate()
    plain.instantiate()
    for each in (vm, plain):
        each.statistics.clear()
        each.execute("fib", 12)
    assert vm.statistics.instr_count == plain.statistics.instr_count > 1000
    assert vm.statistics.total_cost == plain.statistics.total_cost > 1000
    assert uses_its_code(vm.module)
    vm.statistics.cost_limit = vm.statistics.total_cost + 100
    with pytest.raises(Trap) as trap:
        vm.execute("fib", 12)
    assert trap.value.code == 0x03


def test_code_that_counts_runs_without_being_asked_to_count(tmp_path: Path) -> None:
    data = Compiler(
        configure(OutputFormat.NATIVE, instruction_counting=True, cost_measuring=True)
    ).compile_bytes(SMALL)
    module = load(data, tmp_path)
    assert instantiate(module).exports["twice"](4) == 16
    assert uses_its_code(module)


@each_format
def test_code_that_does_not_count_is_not_used_where_counts_are_wanted(
    format_: OutputFormat, tmp_path: Path
) -> None:
    module = load(small(format_), tmp_path)
    vm = VM(Configure(instruction_counting=True))
    assert vm.run_wasm_from_module(module, "twice", 4) == 16
    assert vm.statistics.instr_count == 12


@each_format
def test_other_proposals(format_: OutputFormat, tmp_path: Path) -> None:
    """A module that needs a proposal is refused where that is off, compiled or not."""
    binary = wasm(types=["i32 -> i32"], funcs=[0], code=[body("local.get 0 return_call 0")])
    with_tail_calls = configure(format_)
    with_tail_calls.add_proposal(Proposal.TAIL_CALL)
    data = Compiler(with_tail_calls).compile_bytes(binary)
    errors = []
    for candidate in (binary, data):
        with pytest.raises((LoadError, ValidationError)) as error:
            instantiate(load(candidate, tmp_path))
        errors.append(error.value.code)
    assert errors[0] == errors[1]
    instantiate(load(data, tmp_path, with_tail_calls), with_tail_calls)


def test_progress() -> None:
    seen: list[tuple[int, int]] = []
    code = [body("local.get 0 i32.const 1 i32.add " * 200 + "drop " * 199) for _ in range(200)]
    binary = wasm(types=["i32 -> i32"], funcs=[0] * 200, code=code)
    Compiler(configure(OutputFormat.WASM)).compile_bytes(
        binary, lambda done, total: seen.append((done, total))
    )
    assert len(seen) > 1
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1]


def test_what_progress_raises_ends_the_compilation() -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Compiler(configure(OutputFormat.WASM)).compile_bytes(SMALL, stop)
