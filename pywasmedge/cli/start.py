"""The script that the programs built from ``src/launcher.c`` have Python run; short, since Python
compiles it each time."""

import gc
import sys

gc.disable()  # importing makes many objects and no garbage
packages = __file__.rpartition("/pywasmedge/")[0]
if sys.path[0] == f"{packages}/pywasmedge/cli":  # that of the script
    del sys.path[0]
sys.path.append(packages)

from pywasmedge.cli.launched import add_packages, main  # noqa: E402

add_packages(packages)
main()
