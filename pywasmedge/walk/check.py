"""Checking a whole module: module-level rules, then every body that was not checked before."""

from __future__ import annotations

from ..base import waiting
from ..base.errors import ValidationError
from ..module import reader
from ..module.constant import scanner
from .rules import Declared, validate_module
from .walker import Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..base.config import Configure
    from ..module.ast import Module


def check(module: Module, configure: Configure) -> None:
    """Decode and validate everything the loader left as byte ranges.

    Malformed code is an error of loading, invalid code one of validation; one walk finds both.
    After the first invalid body the others are only decoded.

    Args:
        module: a module as the loader made it.
        configure: says which proposals are enabled.

    Raises:
        LoadError: a body is malformed, be another one invalid or not.
        ValidationError: the module is not valid; the first reason.
    """
    try:
        validate_module(module, configure)
    except ValidationError:
        _decode(module, configure, 0)
        raise
    if not module.bodies:
        return
    walk = Walk(module, configure.proposals, Declared(module))
    index = walk.checked.find(0)
    while index >= 0:
        waiting.check()
        try:
            walk.check(index)
        except ValidationError:
            _decode(module, configure, index)
            raise
        index = walk.checked.find(0, index + 1)


def _decode(module: Module, configure: Configure, first: int) -> None:
    """Check that the bodies from number ``first`` on are well-formed."""
    scan = scanner(configure.proposals)
    types = reader.value_types(configure.proposals)
    for index in range(first, len(module.bodies)):
        pos, end = module.bodies[index]
        _, pos = reader.local_groups(module.data, pos, end, types)
        if scan.skip(module.data, pos, end) != end:
            raise reader.unterminated(module, end)
