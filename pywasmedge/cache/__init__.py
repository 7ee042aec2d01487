"""The persistent cache: where it is, how its files are written and read.

It knows bytes only; what they mean is said in ``runtime/cached.py``. Nothing here raises for what a
disk or another process can do: what cannot be read is as if it were not there, and what cannot be
written is not kept.
"""
