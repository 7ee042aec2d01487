"""What instructions are in LLVM's language, where a row's template does not say it.

A family a file; each registers its functions in ``registry``, where the emitter finds them by the
name in the row.
"""
