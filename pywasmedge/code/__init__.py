"""Machine code in this process: made (``generators``, ``optimiser``), placed (``pieces``,
``image``), and which function of which module it is (``compiled``).
"""
