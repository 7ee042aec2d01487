"""Data classes that cost nothing at start-up.

The standard module imports a large part of the library and compiles source text for every class,
which is a noticeable share of starting a small guest. Type checkers see ``dataclasses`` itself;
this is what runs: the same behaviour for the features used here, which are ``frozen``, ``slots``
(always), defaults, and ``field(default=..., default_factory=...)``.
"""

from __future__ import annotations

from operator import attrgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dataclasses import dataclass, field
else:

    class _Field:
        """A field with a factory for its default."""

        __slots__ = ("factory",)

        def __init__(self, factory):
            self.factory = factory

    def field(*, default=None, default_factory=None):
        """The default of a field: a value, or a function that makes one."""
        return default if default_factory is None else _Field(default_factory)

    def dataclass(*, frozen=False, slots=True):
        """Make a class with a slot, a parameter and a comparison for every annotated name."""

        def make(plain):
            names = tuple(plain.__annotations__)
            body = {
                key: value
                for key, value in vars(plain).items()
                if key not in names and key not in ("__dict__", "__weakref__")
            }
            body.update(_methods(names, {n: vars(plain)[n] for n in names if n in vars(plain)}))
            if frozen:
                body.update(__setattr__=_refuse, __delattr__=_refuse)
                body.setdefault("__hash__", _hash)
            else:
                body["__hash__"] = None
            cls = type(plain)(plain.__name__, plain.__bases__, body)
            cls._setters = tuple(vars(cls)[name].__set__ for name in names)
            values = attrgetter(*names)
            cls._values = staticmethod(values if len(names) > 1 else lambda self: (values(self),))
            return cls

        return make

    def _methods(names, defaults):
        count = len(names)
        factories = {n: d.factory for n, d in defaults.items() if isinstance(d, _Field)}

        def __init__(self, *args, **keywords):
            for set_, value in zip(self._setters, args, strict=False):
                set_(self, value)
            given = len(args)
            if given == count and not keywords:
                return
            if given > count:
                raise TypeError(f"{type(self).__name__}() takes at most {count} arguments")
            for name, set_ in zip(names[given:], self._setters[given:], strict=True):
                if name in keywords:
                    set_(self, keywords.pop(name))
                elif name in factories:
                    set_(self, factories[name]())
                elif name in defaults:
                    set_(self, defaults[name])
                else:
                    raise TypeError(f"{type(self).__name__}() misses argument {name!r}")
            if keywords:
                raise TypeError(f"{type(self).__name__}() has no argument {next(iter(keywords))!r}")

        def __repr__(self):
            fields = zip(names, self._values(self), strict=True)
            return f"{type(self).__qualname__}({', '.join(f'{n}={v!r}' for n, v in fields)})"

        def __eq__(self, other):
            if other.__class__ is not self.__class__:
                return NotImplemented
            return self._values(self) == self._values(other)

        def __reduce__(self):
            return type(self), self._values(self)

        return {
            "__slots__": names,
            "__match_args__": names,
            "__init__": __init__,
            "__repr__": __repr__,
            "__eq__": __eq__,
            "__reduce__": __reduce__,
        }

    def _hash(self):
        return hash(self._values(self))

    def _refuse(self, name, value=None):
        raise AttributeError(f"cannot change {name!r} of {type(self).__name__}")


__all__ = ["dataclass", "field"]
