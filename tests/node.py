"""Tests that run Node. Without it they are skipped, but fail in CI, where `ops/setup tests` installs it."""

import os
import shutil
from pathlib import Path

import pytest


def needed(folder: Path | None = None, package: str = "") -> pytest.MarkDecorator:
    """Return the mark of a test that runs Node, with a package that is installed in `folder`, if any."""
    found = shutil.which("node") and (folder is None or (folder / "node_modules" / package).exists())
    lacks = f"NO {package} (`npm ci` in {folder.name}/)" if folder else "NO Node"
    return pytest.mark.skipif(not found and not os.environ.get("CI"), reason=lacks)
