"""Checks that this machine can build the extension; names what is missing and how to get it.

Run with the interpreter that the project's virtual environment shall be made from. Exits with 1
if something is missing. Understands any Python 3, so that it can say that it is too old.
"""

import os
import shutil
import sys
import sysconfig

# Package names per package manager, in the order: headers, venv module, compiler, make, Python.
# The first manager that the machine has is used.
MANAGERS = {
    "apt-get": ("apt-get install", "python3-dev python3-venv gcc make python3"),
    "dnf": ("dnf install", "python3-devel python3 gcc make python3"),
    "zypper": ("zypper install", "python3-devel python3 gcc make python3"),
    "pacman": ("pacman -S", "python python gcc make python"),
    "apk": ("apk add", "python3-dev python3 build-base make python3"),
    "brew": ("brew install", "python python gcc make python"),
}
NEEDS = ("headers", "venv", "compiler", "make", "python")


def installing(need):
    """The command that installs what is needed, as far as one is known."""
    for manager, (command, packages) in MANAGERS.items():
        if shutil.which(manager):
            root = "" if manager == "brew" or os.geteuid() == 0 else "sudo "
            return root + command + " " + packages.split()[NEEDS.index(need)]
    return "(use the package manager of this system)"


def of_system():
    """Whether the interpreter is the system's own, whose parts are packages."""
    return sys.base_prefix in ("/usr", "/usr/local") or bool(
        sysconfig.get_config_var("PYTHONFRAMEWORK")
    )


def missing():
    """Pairs of what is missing and how to get it."""
    if sys.version_info < (3, 10):
        version = "%d.%d" % sys.version_info[:2]
        yield (
            "Python 3.10 or newer (%s is %s)" % (sys.executable, version),
            installing("python") + ", or name another interpreter: make PYTHON=python3.12",
        )
        return
    header = os.path.join(sysconfig.get_path("include"), "Python.h")
    if not os.path.exists(header):
        how = installing("headers") if of_system() else "install Python with its headers"
        yield "Python's header files (%s)" % header, how
    if not sysconfig.get_config_var("Py_ENABLE_SHARED") and not sysconfig.get_config_var(
        "PYTHONFRAMEWORK"
    ):
        yield (
            "a shared libpython (%s was built without one)" % sys.executable,
            "build Python with --enable-shared, with pyenv: "
            "PYTHON_CONFIGURE_OPTS=--enable-shared pyenv install %d.%d"
            % sys.version_info[:2]
            + "; or use another interpreter: make PYTHON=/usr/bin/python3",
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError as error:
        how = installing("venv") if of_system() else "install Python with its standard library"
        yield "Python's module %s" % error.name, how
    compiler = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0]
    if not shutil.which(compiler):
        yield "a C compiler (%s)" % compiler, installing("compiler")
    if not shutil.which(os.environ.get("MAKE", "make")):
        yield "make", installing("make")


def main():
    """Print what is missing; 1 if anything is."""
    found = list(missing())
    for what, how in found:
        print("missing: %s\n  get it with: %s" % (what, how), file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
