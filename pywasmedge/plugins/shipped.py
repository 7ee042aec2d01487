"""The plugins that come with the package; their functions are imported when guests use them."""

from __future__ import annotations

from .descriptor import Plugin, PluginOption, Requirement
from .later import LaterModule
from .surroundings import Surroundings

_EXTENSIONS = "pywasmedge.extensions"


def _requirement(module: str, package: str, extra: str) -> Requirement:
    """A package that an extra of this package installs."""
    return Requirement(module, package, f"pip install 'pywasmedge[{extra}]'")


def _process(surroundings: Surroundings) -> object:
    from .process import Process

    options = surroundings.options
    return Process(frozenset(options["allow-command"]), bool(options["allow-command-all"]))


PROCESS = Plugin(
    "wasmedge_process",
    [LaterModule("wasmedge_process", f"{__package__}.process:host", "Run commands of the host.")],
    version="0.10.0",
    description="Guests run commands of the host that are allowed.",
    options=[
        PluginOption("allow-command", list, help="Let guests run this command. Repeatable."),
        PluginOption("allow-command-all", bool, help="Let guests run all commands."),
    ],
    state=_process,
)

IMAGE = Plugin(
    "wasmedge_image",
    [LaterModule("wasmedge_image", f"{_EXTENSIONS}.image:host", "Decode and resize pictures.")],
    version="0.10.0",
    description="Pictures become pixels.",
    requires=[_requirement("PIL", "pillow", "image")],
)


def _neural(surroundings: Surroundings) -> object:
    from ..extensions.nn.session import Session

    return Session(surroundings)


NEURAL = Plugin(
    "wasi_nn",
    [
        LaterModule(
            "wasi_nn",
            f"{_EXTENSIONS}.nn.module:host",
            "Run models of neural networks.",
            imported_as="wasi_ephemeral_nn",
        )
    ],
    version="0.10.0",
    description="Guests run models of neural networks.",
    options=[
        PluginOption(
            "nn-preload",
            list,
            help="A model for guests to load by name: NAME:ENCODING:TARGET:FILE. Repeatable.",
        )
    ],
    state=_neural,
    requires=[
        _requirement("onnxruntime", "onnxruntime", "nn-onnx"),
        _requirement("ai_edge_litert", "ai-edge-litert", "nn-tflite"),
        _requirement("openvino", "openvino", "nn-openvino"),
    ],
)

LITE = Plugin(
    "wasmedge_tensorflowlite",
    [
        LaterModule(
            "wasmedge_tensorflowlite",
            f"{_EXTENSIONS}.tensorflowlite:host",
            "Run models of TensorFlow Lite.",
        )
    ],
    version="0.10.0",
    description="Guests run models of TensorFlow Lite.",
    requires=[_requirement("ai_edge_litert", "ai-edge-litert", "nn-tflite")],
)

TLS = Plugin(
    "rustls",
    [LaterModule("rustls_client", f"{_EXTENSIONS}.tls:host", "The client's side of TLS.")],
    version="0.10.0",
    description="TLS for guests that have connections of their own.",
)


def _requests(surroundings: Surroundings) -> object:
    from ..extensions.httpsreq import Requests

    return Requests(surroundings)


def _https(name: str, declared: str) -> Plugin:
    return Plugin(
        name,
        [LaterModule(name, f"{_EXTENSIONS}.httpsreq:{declared}", "Requests over HTTPS.")],
        version="0.10.0",
        description="Guests send requests over HTTPS where they may connect.",
        state=_requests,
    )


SHIPPED = [
    PROCESS,
    IMAGE,
    NEURAL,
    LITE,
    TLS,
    _https("wasmedge_httpsreq", "host"),
    _https("httpsreq", "old"),
]
