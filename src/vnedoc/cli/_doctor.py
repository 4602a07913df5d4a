"""``doctor``: what is installed, and whether it works."""

from __future__ import annotations

import argparse
import locale
import platform
import sqlite3
import sys
from importlib import metadata

import vnedoc
from vnedoc.cli._console import Console

_BASE = ("attrs", "lxml", "cryptography", "asn1crypto", "pyhanko", "pyhanko-certvalidator")
_EXTRAS = {"sqlalchemy": "exchange", "httpx2": "http", "reportlab": "demo"}
_SQLITE_WITH_RETURNING = (3, 35)


def doctor(_options: argparse.Namespace, console: Console) -> int:
    """Print one line for each part; 2 when something that is needed is missing."""
    console.say(f"vnedoc {vnedoc.__version__}, Python {platform.python_version()}, {platform.platform()}")
    console.say(f"stdout: {sys.stdout.encoding}; locale: {locale.getencoding()}")
    missing = False
    for name in _BASE:
        version = _version(name)
        missing |= version is None
        console.say(f"{'ok     ' if version else 'MISSING'} {name} {version or ''}".rstrip())
    for name, extra in _EXTRAS.items():
        version = _version(name)
        if version:
            console.say(f"ok      {name} {version}")
        else:
            console.say(f"absent  {name}: pip install 'vnedoc[{extra}]'")
    new_enough = sqlite3.sqlite_version_info >= _SQLITE_WITH_RETURNING
    console.say(f"{'ok     ' if new_enough else 'TOO OLD'} sqlite {sqlite3.sqlite_version}")
    return 2 if missing or not new_enough else 0


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
