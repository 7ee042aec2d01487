"""The VM: all stages behind one object, with the state machine of the C API."""

from __future__ import annotations

import sys
from enum import IntEnum
from os import PathLike
from threading import RLock

from .base import arguments, log
from .base.arguments import seconds
from .base.closing import Closing
from .base.config import Configure, HostRegistration
from .base.errors import ErrCode, Exit, WorkflowError
from .cache import flush
from .prepare.loader import Loader, Validator
from .prepare.module import Module
from .runtime import instance as instances
from .runtime.executor import Executor
from .runtime.instance import ModuleInstance
from .runtime.interrupt import Async, with_timeout
from .runtime.statistics import Statistics, switches
from .runtime.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, TypeAlias

    from _typeshed import ReadableBuffer, StrOrBytesPath

    from .base.types import FunctionType
    from .host.modules import HostModule
    from .plugins.descriptor import Plugin as Plugin
    from .plugins.descriptor import PluginOption as PluginOption
    from .plugins.registry import Registry
    from .runtime.function import FunctionInstance
    from .wasi import WASI

    Source: TypeAlias = str | PathLike[str] | ReadableBuffer | Module

_PLUGINS = f"{__package__}.plugins.registry"


class Stage(IntEnum):
    """How far a VM has come with the module it loaded."""

    INITED = 0
    LOADED = 1
    VALIDATED = 2
    INSTANTIATED = 3


class VM(Closing):
    """Loads, validates, instantiates and runs modules.

    The steps are ``load_wasm`` → ``validate`` → ``instantiate`` → ``execute``; ``run_wasm_from_*``
    does them all for another module. Execution always means the *active* instance, the latest
    one that was instantiated successfully, whatever was loaded since.

    Safe from several threads: a lock guards the stage, the module and the active instance; it is
    not held while guest code runs, so executions run in parallel and host functions may use the
    VM that runs them.
    """

    def __init__(self, configure: Configure | None = None, store: Store | None = None) -> None:
        """Make a VM.

        Args:
            configure: is copied; default configuration if ``None``. Its host registrations are
                created and registered.
            store: where modules are registered and found; its own if ``None``. A store that is
                given may be shared with other VMs.
        """
        self._configure = configure.copy() if configure else Configure()
        self._store = Store() if store is None else store
        self._statistics = self._new_statistics()
        self._loader = Loader(self._configure)
        self._validator = Validator(self._configure)
        self._executor = self._new_executor()
        self._lock = RLock()
        self._stage = Stage.INITED
        self._module: Module | None = None
        self._active: ModuleInstance | None = None
        self._registered: list[ModuleInstance] = []
        self._host_modules: dict[HostRegistration, ModuleInstance] = {}
        if HostRegistration.WASI in self._configure.host_registrations:
            wasi = self._host_modules[HostRegistration.WASI] = self._new_wasi()
            if wasi.name not in self._store:
                self._store.add(wasi)
        self._plugin_modules: list[ModuleInstance] = []
        plugins = sys.modules.get(_PLUGINS)  # nothing has been loaded without it
        if plugins is not None:
            self._add_plugins(plugins.registry.loaded())

    def _new_statistics(self) -> Statistics:
        return Statistics()

    def _new_executor(self) -> Executor:
        return Executor(self._configure, self._statistics)

    def _new_wasi(self) -> WASI:
        from .wasi import WASI

        return WASI()

    def _add_plugins(self, plugins: list[Plugin]) -> None:
        """Register the modules of plugins; a name that the store has already stays as it is."""
        process = HostRegistration.WASMEDGE_PROCESS
        for plugin in plugins:
            optional = plugin.name == "wasmedge_process"
            if (optional and process not in self._configure.host_registrations) or (
                not optional and plugin.name in self._configure.forbidden_plugins
            ):
                continue
            surroundings = plugin.surroundings()
            for module in plugin.modules:
                try:
                    instance = plugin.create(module.name, surroundings)
                except Exception as error:
                    log.error(str(error))
                    continue
                if optional:
                    self._host_modules[process] = instance
                else:
                    self._plugin_modules.append(instance)
                if instance.name not in self._store:
                    self._store.add(instance)

    # --- what it is made of ----------------------------------------------------------------------

    @property
    def stage(self) -> Stage:
        """How far the loaded module has come."""
        return self._stage

    @property
    def store(self) -> Store:
        """The store it was given, or its own."""
        return self._store

    @property
    def statistics(self) -> Statistics:
        """Its measurements; they stay 0 unless the configuration asks for them."""
        return self._statistics

    def report(self) -> str:
        """What the configuration measures, as lines of text; ``""`` if it measures nothing."""
        measured = switches(self._configure)
        return self._statistics.report(measured) if measured else ""

    @property
    def active_module(self) -> ModuleInstance | None:
        """The instance that ``execute`` refers to, ``None`` if there is none."""
        return self._active

    @property
    def module(self) -> Module | None:
        """The module loaded last, ``None`` if there is none."""
        return self._module

    def import_module(self, registration: HostRegistration) -> ModuleInstance | None:
        """The host module of a registration, ``None`` if it was not configured."""
        return self._host_modules.get(registration)

    # --- registering -----------------------------------------------------------------------------

    def register_module_from_file(self, name: str, path: StrOrBytesPath) -> ModuleInstance:
        """Load, validate and instantiate a file, and register it as ``name``.

        ``Configure.validation`` says when function bodies are validated.

        Raises:
            WasmError: of any of the steps; 0x60 if the name is taken.
        """
        return self._register(name, arguments.path(path))

    def register_module_from_bytes(self, name: str, data: ReadableBuffer) -> ModuleInstance:
        """The same for a binary in memory."""
        return self._register(name, data)

    def register_module_from_module(self, name: str, module: Module) -> ModuleInstance:
        """The same for a loaded module, which is validated if necessary."""
        return self._register(name, module)

    def register_module(self, instance: ModuleInstance) -> None:
        """Register an existing instance, such as a host module, under its own name.

        Raises:
            LinkError: 0x60, the name is taken.
        """
        self._leave_instantiated()
        self._executor.register_import(self._store, instance)

    def register(self, host: HostModule | ModuleInstance) -> ModuleInstance:
        """Register a host module; a declared one is instantiated, and closed with the VM.

        Returns:
            The instance.

        Raises:
            LinkError: 0x60, the name is taken.
        """
        if isinstance(host, ModuleInstance):
            self.register_module(host)
            return host
        instance = host.instantiate()
        self.register_module(instance)
        with self._lock:
            self._registered.append(instance)
        return instance

    def unregister(self, name: str) -> ModuleInstance:
        """Take a name away from a registered module, see :meth:`Store.unregister`.

        An instance that the VM made lives on as long as somebody uses it; ``close`` does not
        close it any more.

        Returns:
            The instance.

        Raises:
            WorkflowError: 0x80, nothing is registered under ``name``.
        """
        instance = self._store.unregister(name)
        self._leave_instantiated()
        with self._lock:
            self._registered = [known for known in self._registered if known is not instance]
        return instance

    def _register(self, name: str, source: Source) -> ModuleInstance:
        self._leave_instantiated()
        instance = self._executor.register(self._store, self._checked(source), name)
        with self._lock:
            self._registered.append(instance)
        return instance

    # --- step by step ----------------------------------------------------------------------------

    def load_wasm(self, source: Source) -> None:
        """Load a module from a path, from bytes, or take one that is loaded already.

        Raises:
            LoadError: it cannot be read or is malformed; the VM is unchanged.
        """
        module = self._loaded(source)
        with self._lock:
            self._module = module
            self._stage = Stage.LOADED

    def load_wasm_from_file(self, path: StrOrBytesPath) -> None:
        """:meth:`load_wasm` for a path."""
        self.load_wasm(arguments.path(path))

    def load_wasm_from_bytes(self, data: ReadableBuffer) -> None:
        """:meth:`load_wasm` for a binary in memory."""
        self.load_wasm(data)

    def load_wasm_from_module(self, module: Module) -> None:
        """:meth:`load_wasm` for a loaded module."""
        self.load_wasm(module)

    def validate(self) -> None:
        """Validate the loaded module.

        Raises:
            WorkflowError: 0x04, nothing is loaded.
            ValidationError: the module is not valid.
        """
        with self._lock:
            module = self._require(Stage.LOADED)
            self._validator.validate(module)
            self._stage = Stage.VALIDATED

    def instantiate(self) -> ModuleInstance:
        """Instantiate the validated module; the new instance becomes the active one.

        Raises:
            WorkflowError: 0x04, the loaded module is not validated.
            LinkError, Trap: see :meth:`Executor.instantiate`; the active instance is unchanged.
        """
        with self._lock:
            module = self._require(Stage.VALIDATED)
        instance = self._executor.instantiate(self._store, module)
        with self._lock:
            self._activate(instance)
            if self._module is module:
                self._stage = Stage.INSTANTIATED
        return instance

    def execute(self, name: str, *args: Any, timeout: float | None = None) -> Any:
        """Call a function of the active instance.

        Args:
            name: name of the export.
            args: its arguments, see :class:`FunctionInstance`.
            timeout: seconds after which the guest is stopped, whatever it is doing: a real number
                (0 or less: at once); ``None``, infinity or more than 10^9 for no limit.

        Returns:
            The results as :class:`FunctionInstance` gives them; ``None`` if the guest ended
            itself with exit code 0.

        Raises:
            WorkflowError: 0x80, there is no active instance; 0x05, it exports no such function.
            ArgumentError: 0x83, the arguments do not fit.
            TypeError, ValueError: ``timeout`` is no number; nothing has been called.
            Trap: the guest trapped, with 0x07 after ``timeout``.
            LoadError, ValidationError: a function that was called first now is not valid, see
                ``Configure.validation``.
            Exit: the guest ended itself with another exit code.
        """
        return self._call(self._function(self._active, name), args, timeout)

    def execute_registered(
        self, module: str, name: str, *args: Any, timeout: float | None = None
    ) -> Any:
        """Call a function of a registered module; otherwise as :meth:`execute`."""
        return self._call(self._function(self._store.find(module), name), args, timeout)

    # --- all at once -----------------------------------------------------------------------------

    def run_wasm_from_file(
        self,
        path: StrOrBytesPath,
        name: str = "_start",
        *args: Any,
        timeout: float | None = None,
    ) -> Any:
        """Load, validate and instantiate a file, then call one of its functions.

        ``Configure.validation`` says when function bodies are validated.
        The new instance becomes the active one; the loaded module and the stage stay, but for
        the step back from INSTANTIATED to VALIDATED.

        Raises:
            WasmError, Exit: of any of the steps, see there.
        """
        return self._run(arguments.path(path), name, args, timeout)

    def run_wasm_from_bytes(
        self, data: ReadableBuffer, name: str = "_start", *args: Any, timeout: float | None = None
    ) -> Any:
        """The same for a binary in memory."""
        return self._run(data, name, args, timeout)

    def run_wasm_from_module(
        self, module: Module, name: str = "_start", *args: Any, timeout: float | None = None
    ) -> Any:
        """The same for a loaded module, which is validated if necessary."""
        return self._run(module, name, args, timeout)

    def _run(self, source: Source, name: str, args: tuple[Any, ...], timeout: float | None) -> Any:
        def run() -> Any:
            instance = self._start(self._ready(source))
            return self._call(self._function(instance, name), args, None)

        return with_timeout(timeout, run)

    def start(self, source: Source) -> ModuleInstance:
        """Load, validate and instantiate a module as :meth:`run_wasm_from_file` does.

        Returns:
            The new instance, which becomes the active one.

        Raises:
            WasmError, Exit: of any of the steps, see there.
        """
        return self._start(self._ready(source))

    # --- in the background -----------------------------------------------------------------------

    def execute_async(self, name: str, *args: Any, timeout: float | None = None) -> Async:
        """Start :meth:`execute` on another thread; errors come out of ``result()``."""
        limit = seconds(timeout, "timeout")
        return Async(self.execute, name, *args, timeout=limit)

    def execute_registered_async(
        self, module: str, name: str, *args: Any, timeout: float | None = None
    ) -> Async:
        """Start :meth:`execute_registered` on another thread."""
        limit = seconds(timeout, "timeout")
        return Async(self.execute_registered, module, name, *args, timeout=limit)

    def run_wasm_from_file_async(
        self,
        path: str | PathLike[str],
        name: str = "_start",
        *args: Any,
        timeout: float | None = None,
    ) -> Async:
        """Start :meth:`run_wasm_from_file` on another thread."""
        limit = seconds(timeout, "timeout")
        return Async(self.run_wasm_from_file, path, name, *args, timeout=limit)

    def run_wasm_from_bytes_async(
        self, data: ReadableBuffer, name: str = "_start", *args: Any, timeout: float | None = None
    ) -> Async:
        """Start :meth:`run_wasm_from_bytes` on another thread; the data are copied."""
        data = bytes(memoryview(data))
        limit = seconds(timeout, "timeout")
        return Async(self.run_wasm_from_bytes, data, name, *args, timeout=limit)

    # --- looking around --------------------------------------------------------------------------

    def function_list(self) -> list[tuple[str, FunctionType]]:
        """Name and type of each function the active instance exports, sorted by name."""
        active = self._active
        if active is None:
            return []
        return [
            (name, function.type)
            for name in active.list_functions()
            if (function := active.find_function(name)) is not None
        ]

    def function_type(self, name: str) -> FunctionType | None:
        """Type of a function of the active instance; ``None`` if there is none of that name."""
        return _type_in(self._active, name)

    def function_type_registered(self, module: str, name: str) -> FunctionType | None:
        """Type of a function of a registered module; ``None`` if either name is unknown."""
        return _type_in(self._store.find(module), name)

    def cleanup(self) -> None:
        """Back to the start: drop module and active instance, clear the statistics.

        Registered modules, host modules and the store stay.
        """
        with self._lock:
            self._stage = Stage.INITED
            self._module = None
            active = self._active
            self._activate(None)
            self._statistics.clear()
        del active  # outside of the lock: its end may run Python code

    def close(self) -> None:
        """Clean up, and drop what the VM registered by itself; a second call does nothing."""
        self.cleanup()
        with self._lock:
            mine = [*self._registered, *self._host_modules.values(), *self._plugin_modules]
            self._registered.clear()
            self._host_modules.clear()
            self._plugin_modules.clear()
        for instance in mine:
            instances.end(instance)
        flush()

    def __repr__(self) -> str:
        return f"<VM {self._stage.name.lower()}, active: {self._active!r}>"

    # --- helpers ---------------------------------------------------------------------------------

    def _loaded(self, source: Source) -> Module:
        if isinstance(source, Module):
            return source
        if isinstance(source, (str, PathLike)):
            return self._loader.parse_file(source)
        return self._loader.parse_bytes(source)

    def _checked(self, source: Source) -> Module:
        """A module that may be instantiated, see ``Configure.validation``."""
        module = source if isinstance(source, Module) else self._loader.load(source)
        if not module.ast.validated:
            self._validator.admit(module)
        return module

    def _ready(self, source: Source) -> Module:
        """A valid module for running it at once."""
        self._leave_instantiated()
        return self._checked(source)

    def _start(self, module: Module) -> ModuleInstance:
        """Instantiate a module that is run at once; the instance becomes the active one."""
        instance = self._executor.instantiate(self._store, module)
        with self._lock:
            self._activate(instance)
        return instance

    def _activate(self, instance: ModuleInstance | None) -> None:
        """Make an instance the active one. Called with the lock held."""
        self._active = instance

    def _require(self, stage: Stage) -> Module:
        if self._stage < stage or self._module is None:
            raise WorkflowError(ErrCode.WRONG_VM_WORKFLOW, f"the stage is {self._stage.name}")
        return self._module

    def _leave_instantiated(self) -> None:
        """Other modules' instances may replace what the loaded module's instance relied on."""
        with self._lock:
            self._stage = min(self._stage, Stage.VALIDATED)

    @staticmethod
    def _function(instance: ModuleInstance | None, name: str) -> FunctionInstance:
        if instance is None:
            raise WorkflowError(ErrCode.WRONG_INSTANCE_ADDRESS, "no such instance")
        function = instance.find_function(name)
        if function is None:
            raise WorkflowError(ErrCode.FUNC_NOT_FOUND, repr(name))
        return function

    def _call(
        self, function: FunctionInstance, args: tuple[Any, ...], timeout: float | None
    ) -> Any:
        try:
            if timeout is None:
                return self._executor.invoke(function, *args)
            return with_timeout(timeout, self._executor.invoke, function, *args)
        except Exit as end:
            if end.exit_code:
                raise
            return None


def plugin_registry() -> Registry:
    """The plugins of the process."""
    from .plugins.registry import registry

    return registry


def allow_commands(commands: Iterable[str], everything: bool) -> bool:
    """Set which commands modules ``wasmedge_process`` made from now on let guests run.

    Returns:
        Whether the plugin is loaded; nothing happens otherwise.
    """
    plugins = sys.modules.get(_PLUGINS)
    plugin = plugins.registry.find("wasmedge_process") if plugins is not None else None
    if plugin is None:
        return False
    plugin.option("allow-command").assign(list(commands))
    plugin.option("allow-command-all").assign(everything)
    return True


def new_wasi_module() -> WASI:
    """A WASI module that :meth:`WASI.init` still has to make ready."""
    from .wasi import WASI

    return WASI.uninitialised()


def as_wasi_module(instance: ModuleInstance | None) -> WASI | None:
    """``instance`` if it is a WASI module, otherwise ``None``."""
    from .wasi import WASI

    return instance if isinstance(instance, WASI) else None


def _type_in(instance: ModuleInstance | None, name: str) -> FunctionType | None:
    function = instance.find_function(name) if instance else None
    return function.type if function else None
