"""Runs one command and reports what it took, as JSON in a file.

    python -I -S measure.py REPORT COMMAND [ARGUMENT]...

A process of its own, because a child's peak memory counts what its parent had at the time of the
fork, and this one is smaller than anything that is measured. Standard output of the command is
collected, standard error passed through, standard input is this process's.
"""

import json
import os
import sys
import time


def measure(command: list[str]) -> dict[str, object]:
    """Run ``command``: seconds to the first output and to the end, peak KiB, exit code, output."""
    reader, writer = os.pipe()
    start = time.perf_counter()
    pid = os.posix_spawnp(
        command[0],
        command,
        os.environ,
        file_actions=[(os.POSIX_SPAWN_DUP2, writer, 1), (os.POSIX_SPAWN_CLOSE, reader)],
    )
    os.close(writer)
    first = None
    chunks = []
    while chunk := os.read(reader, 65536):
        first = first or time.perf_counter() - start
        chunks.append(chunk)
    _, status, usage = os.wait4(pid, 0)
    return {
        "wall": time.perf_counter() - start,
        "first": first,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak_kib": usage.ru_maxrss,
        "exit": os.waitstatus_to_exitcode(status),
        "output": b"".join(chunks).decode(errors="replace"),
    }


if __name__ == "__main__":
    result = measure(sys.argv[2:])
    with open(sys.argv[1], "w") as report:
        json.dump(result, report)
