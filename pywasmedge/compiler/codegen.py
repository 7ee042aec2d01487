"""LLVM text to object files. The only file that imports llvmlite, and only when it must compile.

LLVM recurses on its input, so all of its work runs on one thread of its own with a big stack: a
function of a hostile module must not overflow the stack of whoever happens to call it first.
"""

from __future__ import annotations

import threading
from enum import IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Level(IntEnum):
    """How much work goes into the code."""

    QUICK = 0
    """Instruction selection only: least compile time."""
    OPTIMISED = 1
    """The whole optimisation pipeline."""


_STACK_SIZE = 256 << 20


def compile_ir(text: str, level: Level, name: str = "") -> bytes:
    """Compile LLVM text for this machine's processor.

    Args:
        text: a module in LLVM's textual form, without target lines.
        level: the amount of optimisation.
        name: what the text is, for error messages.

    Returns:
        A relocatable ELF file.

    Raises:
        RuntimeError: LLVM rejects the text; a defect of the caller.
    """
    code: bytes = _on_llvm_thread(lambda: _compile(text, level, name))
    return code


def verify(text: str, name: str = "") -> None:
    """Parse and verify LLVM text.

    Raises:
        RuntimeError: LLVM rejects the text.
    """
    _on_llvm_thread(lambda: _parse(text, name).close())


# ---- On the LLVM thread --------------------------------------------------------------------------

_machines: dict[Level, Any] = {}
_target: Any = None


def _machine(level: Level) -> Any:
    """The cached target machine of a level."""
    global _target
    machine = _machines.get(level)
    if machine is None:
        import llvmlite.binding as llvm

        if _target is None:
            llvm.initialize_native_target()
            llvm.initialize_native_asmprinter()
            _target = llvm.Target.from_default_triple()
        machine = _machines[level] = _target.create_target_machine(
            cpu=llvm.get_host_cpu_name(),
            features=llvm.get_host_cpu_features().flatten(),
            opt=0 if level == Level.QUICK else 2,
            reloc="pic",
            codemodel="small",
        )
    return machine


def _parse(text: str, name: str) -> Any:
    import llvmlite.binding as llvm

    layout = str(_machine(Level.QUICK).target_data)
    header = f'target datalayout = "{layout}"\ntarget triple = "{_target.triple}"\n'
    try:
        module = llvm.parse_assembly(header + text, llvm.create_context())
        module.verify()
    except RuntimeError as error:
        raise RuntimeError(f"LLVM rejects {name or 'a module'}: {error}") from error
    return module


def _compile(text: str, level: Level, name: str) -> bytes:
    machine = _machine(level)
    with _parse(text, name) as module:
        if level == Level.OPTIMISED:
            _optimise(module, machine)
        code: bytes = machine.emit_object(module)
        return code


def _optimise(module: Any, machine: Any) -> None:
    import llvmlite.binding as llvm

    options = llvm.create_pipeline_tuning_options(speed_level=2)
    options.loop_vectorization = True
    options.slp_vectorization = True
    options.loop_interleaving = True
    options.loop_unrolling = True
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)


# ---- The thread ----------------------------------------------------------------------------------


class _Job:
    """A piece of work for the LLVM thread and its outcome."""

    __slots__ = ("done", "error", "result", "work")

    def __init__(self, work: Callable[[], Any]) -> None:
        self.work = work
        self.done = threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.result = self.work()
        except BaseException as error:
            self.error = error
        self.done.set()


_start_lock = threading.Lock()
_jobs: Any = None
_thread: threading.Thread | None = None


def _serve(jobs: Any) -> None:
    while True:
        jobs.get().run()


def _queue() -> Any:
    """The queue of the running thread, started at first use (and again after a fork)."""
    global _jobs, _thread
    with _start_lock:
        if _thread is None or not _thread.is_alive():
            from queue import SimpleQueue

            _jobs = SimpleQueue()
            _thread = threading.Thread(
                target=_serve, args=(_jobs,), name="pywasmedge-llvm", daemon=True
            )
            before = threading.stack_size(_STACK_SIZE)
            try:
                _thread.start()
            finally:
                threading.stack_size(before)
        return _jobs


def _on_llvm_thread(work: Callable[[], Any]) -> Any:
    job = _Job(work)
    _queue().put(job)
    job.done.wait()
    if job.error is not None:
        raise job.error
    return job.result
