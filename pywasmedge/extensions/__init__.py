"""Host modules of WasmEdge's extensions, offered as plugins by :mod:`pywasmedge.plugins.shipped`.

Each file or folder is one extension. Nothing here is imported before a guest that uses it is
linked, and libraries of others not before one of its functions needs them.
"""
