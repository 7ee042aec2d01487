"""Build of the native kernel; everything else about the package is in pyproject.toml."""

from setuptools import setup

setup(cffi_modules=["src/build_native.py:builder"])
