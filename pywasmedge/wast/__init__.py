"""Runs scripts of the specification's test suite (``.wast``), which ``text.script`` reads.

``values`` reads and compares values, ``host`` is the module ``spectest``, ``engine`` is the
runtime as scripts see it, ``runner`` carries out commands.
"""
