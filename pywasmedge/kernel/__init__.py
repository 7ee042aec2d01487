"""The part written in C, as the rest sees it: the only way to it."""
