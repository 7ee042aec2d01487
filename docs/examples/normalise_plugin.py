"""Unicode for guests: normal forms and display width.

WASMEDGE_PLUGIN_PATH=docs/examples/normalise_plugin.py wasmedge plugin list
"""

from __future__ import annotations

import unicodedata

from pywasmedge import Buffer, HostModule, Out, Str, i32
from pywasmedge.plugins import Plugin, PluginOption

form = PluginOption("unicode-form", str, "NFC", "Normal form: NFC, NFD, NFKC or NFKD.")
host = HostModule("unicode")


@host.function
def normalise(text: Str, out: Buffer, length: Out[i32]) -> i32:
    """Store the normal form of ``text`` and its length; 1 if it does not fit, else 0."""
    found = unicodedata.normalize(form.value, text).encode()
    length.value = len(found)
    if len(found) > len(out):
        return 1
    out[: len(found)] = found
    return 0


@host.function
def width(text: Str) -> i32:
    """Columns that ``text`` takes on a terminal."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(map(bool, map(unicodedata.combining, text)))


plugin = Plugin("unicode", [host], version="1.0", description="Unicode for guests.", options=[form])
