"""What is known to differ from the scripts' words, as data with reasons.

``EXPECTED_FAILURES``: commands that must fail; one that passes is an error, too.
"""

from __future__ import annotations

EXPECTED_FAILURES: dict[tuple[str, int], str] = {}
"""By script and line of the command: why it has to fail."""
