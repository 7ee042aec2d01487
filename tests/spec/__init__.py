"""Runs the WebAssembly specification's test suites, as wast2json writes them.

``suites`` finds the files and says what each suite needs, ``values`` reads and compares values,
``host`` is the module ``spectest``, ``runner`` carries out the commands of one file,
``exceptions`` lists what is known to differ, with reasons. ``python -m spec`` prints counts.
"""
