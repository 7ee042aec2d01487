"""Environment variables that make a command run code of others.

An allowed command is to stay that command. With these, whoever can write a file chooses what
code the dynamic loader, an interpreter or the command itself takes in.
"""

from __future__ import annotations

_PREFIXES = (
    # dynamic loaders
    *(b"LD_", b"_RLD", b"DYLD_"),
    # shells and interpreters
    *(b"BASH_FUNC_", b"PYTHON", b"PERL", b"RUBY", b"GEM_", b"BUNDLE_", b"NODE_", b"LUA_"),
    *(b"PHP", b"JULIA_", b"GUILE_", b"ERL_", b"R_", b"TCL", b"AWK", b"npm_config_"),
    *(b"DOTNET_", b"CORECLR_", b"COR_", b"COMPlus_", b"MONO_", b"JAVA_", b"JDK_", b"_JAVA_"),
    # modules of libraries
    *(b"OPENSSL_", b"GTK_", b"GIO_", b"QT_", b"GST_", b"MAGICK_", b"SASL_", b"KRB5_"),
    # commands that start others
    *(b"GIT_", b"SSH_ASKPASS", b"RUSTC", b"CARGO_", b"MAKE"),
)

_NAMES = frozenset(
    # what the C library ignores in programs with other rights than their caller's
    (
        b"GCONV_PATH GETCONF_DIR GLIBC_TUNABLES HOSTALIASES LOCALDOMAIN LOCPATH MALLOC_CHECK_ "
        b"MALLOC_PERTURB_ MALLOC_TRACE NIS_PATH NLSPATH PATH_LOCALE RESOLV_HOST_CONF RES_OPTIONS "
        b"TERMCAP TERMINFO TERMINFO_DIRS TERMPATH TMPDIR TZDIR "
        # shells and interpreters
        b"BASH_ENV BASHOPTS CDPATH CLASSPATH ENV FPATH GLOBIGNORE IFS NULLCMD PROMPT_COMMAND PS4 "
        b"READNULLCMD SHELLOPTS TMPPREFIX ZDOTDIR "
        # commands that start others
        b"BROWSER EDITOR GOFLAGS GOPATH GOROOT GOTOOLDIR LESSCLOSE LESSOPEN MANPAGER PAGER "
        b"SHELL VISUAL"
    ).split()
)


def runs_code(name: bytes, value: bytes) -> bool:
    """Whether a variable may make some command run what is not its own."""
    return name in _NAMES or name.startswith(_PREFIXES) or value.startswith(b"() {")
