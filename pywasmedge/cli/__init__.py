"""The commands ``wasmedge``, ``wasmedgec`` and ``pywasmedge-config``."""
