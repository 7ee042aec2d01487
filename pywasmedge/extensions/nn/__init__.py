"""WASI-NN: models that guests bring or that the host has preloaded, run by the host's libraries.

``module`` has the functions, ``session`` what a guest's handles stand for, ``tensor`` the layout of
data; a backend per kind of model is found by ``backends``.
"""
