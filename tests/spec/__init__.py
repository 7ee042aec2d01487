"""Runs the WebAssembly specification's test suites on ``pywasmedge.wast``.

``suites`` finds the scripts of 2.0 and says what each suite needs, ``wast`` those of 3.0,
``runner`` runs one of them, ``ahead``, ``capi`` and ``capi_ahead`` are other engines for that,
``exceptions`` lists what is known to differ, with reasons. ``python -m spec`` prints counts.
"""
