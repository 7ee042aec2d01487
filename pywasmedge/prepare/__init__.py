"""The trip of a binary: from a path or bytes to a module that can run.

``source`` reads it, with the code that came with it; ``loader`` decodes and validates, or finds
that an earlier run has done so; ``module`` is the result. When it is instantiated, ``supply``
answers where its code comes from: with the binary (``precompiled``), from earlier runs (``kept``),
or made when it is needed. ``ahead`` makes it before.
"""
