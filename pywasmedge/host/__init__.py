"""Host functions and modules written in Python, called by guests."""
