"""Runs tests again and again, if wanted beside busy loops, and says which ones fail.

    python tests/support/repeat.py 10                      # all, every second time beside two
                                                           # busy loops
    python tests/support/repeat.py 100 --restless          # files with threads, signals, forks
    python tests/support/repeat.py 100 tests/wasi -k poll  # what pytest understands

The output of a run in which something fails is kept in a folder. Exit code 1 if anything failed.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).parents[1]
RESTLESS = re.compile(
    r"\b(threading|signal|multiprocessing|asyncio|os\.fork|subprocess\.Popen|\w+_async)\b"
    r"|capi_host\.run|execute_async|with_timeout"
)
"""What is in the source of tests that start threads or processes beside themselves."""
BUSY = [sys.executable, "-c", "while True: pass"]


def restless() -> list[str]:
    """The files with such tests."""
    files = sorted(TESTS.rglob("test_*.py"))
    return [str(file) for file in files if RESTLESS.search(file.read_text("utf-8"))]


@contextmanager
def busy_loops(count: int) -> Iterator[None]:
    """Processes that do nothing but that, until the end of the block."""
    loops = [subprocess.Popen(BUSY) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def failures(output: str) -> list[str]:
    """Names of the tests that have failed, by pytest's summary."""
    return re.findall(r"^(?:FAILED|ERROR) (\S+)", output, re.M)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("times", type=int, help="how often")
    parser.add_argument("--busy", type=int, default=2, metavar="N", help="busy loops (default: 2)")
    parser.add_argument("--restless", action="store_true", help="the files with threads and so on")
    known, pytest_arguments = parser.parse_known_args()
    if known.restless:
        pytest_arguments += restless()
    command = [sys.executable, "-m", "pytest", "-q", "-rfE", "--color=no", *pytest_arguments]
    kept = Path(tempfile.mkdtemp(prefix="repeat-"))
    failed: Counter[str] = Counter()
    bad_runs = 0
    for number in range(1, known.times + 1):
        loops = known.busy if number % 2 == 0 else 0
        started = time.monotonic()
        with busy_loops(loops):
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output = done.stdout.decode(errors="replace")
        seconds = time.monotonic() - started
        summary = output.rstrip().rpartition("\n")[2]
        beside = f" beside {loops} busy loops" if loops else ""
        print(f"{number}/{known.times}{beside}, {seconds:.0f} s: {summary}", flush=True)
        if done.returncode != 0:
            bad_runs += 1
            failed.update(failures(output) or [f"pytest: exit code {done.returncode}"])
            (kept / f"run-{number}.txt").write_text(output, "utf-8")
    for name, count in failed.most_common():
        print(f"failed {count} of {known.times} times: {name}")
    print(f"{known.times - bad_runs} of {known.times} runs without a failure", end="")
    print(f"; output in {kept}" if bad_runs else "")
    if not bad_runs:
        kept.rmdir()
    return min(bad_runs, 1)


if __name__ == "__main__":
    sys.exit(main())
