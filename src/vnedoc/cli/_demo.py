"""``demo``."""

from __future__ import annotations

import argparse
from pathlib import Path

from vnedoc.cli._console import Console
from vnedoc.conformance import run_demo


def demo(options: argparse.Namespace, console: Console) -> int:
    """Play the main job in a folder."""
    run_demo(Path(options.dir), lang=options.lang, say=console.say)
    return 0
