"""Fixtures that every room's tests share."""

import os
import shutil
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Give the folder of public vectors and samples, or skip."""
    folder = Path(os.environ.get("VNEDOC_SHARED", _ROOT.parent / "shared"))
    if not (folder / "vectors").is_dir():
        pytest.skip(f"no corpus at {folder}: set VNEDOC_SHARED")
    return folder


@pytest.fixture(scope="session")
def peer():
    """Give the path of an independent program; its absence is a failure where CI demands peers."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None:
            if os.environ.get("VNEDOC_REQUIRE_PEERS"):
                pytest.fail(f"the peer {name} is required here and is not installed")
            pytest.skip(f"the peer {name} is not installed")
        return path

    return find
