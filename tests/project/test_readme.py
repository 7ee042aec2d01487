"""The README's example does what its comments say; its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import capi_host
import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_python_example(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    (example,) = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    promised = re.findall(r"print\(.*\)  # (.+)$", example, re.MULTILINE)
    exec(compile(example, "README.md", "exec"), {})
    assert capsys.readouterr().out.splitlines() == promised


def test_c_example(tmp_path: Path) -> None:
    (example,) = re.findall(r"^```c\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    source = tmp_path / "readme.c"
    source.write_text(example)
    promised = re.findall(r"// (\d+)$", example, re.MULTILINE)
    done = capi_host.run(capi_host.build(source), cwd=ROOT)
    assert (done.returncode, done.stdout.splitlines(), done.stderr) == (0, promised, "")


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)]+)\)", README))
def test_links(link: str) -> None:
    assert "://" in link or (ROOT / link).exists()


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)\b", README)) <= targets
