"""Inert code from function bodies: quick code, LLVM, and compiled modules as files."""
