"""Write ``requirements/dev.txt``: every dependency of every group, pinned by version and hash.

The lock file that uv makes names the package index that it came from, so it stays out of the repository;
this file names versions and hashes only. Install from it with::

    uv pip install --require-hashes -r requirements/dev.txt

Run ``python scripts/pin.py`` to write it again, with ``--upgrade`` to take newer versions.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "requirements" / "dev.txt"
ADDRESS = re.compile(r"https?://|file:|--(?:extra-)?index-url|--find-links|(?m:^-i )")
HEAD = "# Every dependency by version and hash, without any address. Written by scripts/pin.py.\n"


def main() -> int:
    """Export the lock and check that it names no address."""
    if "--upgrade" in sys.argv[1:]:
        subprocess.run(["uv", "lock", "--quiet", "--upgrade"], cwd=ROOT, check=True)
    command = [
        "uv",
        "export",
        "--quiet",
        "--format=requirements-txt",
        "--all-groups",
        "--all-extras",
        "--no-emit-project",
        "--no-annotate",
        "--no-header",
    ]
    text = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    found = ADDRESS.search(text)
    if found:
        print(f"the export names an address: {found.group()!r}", file=sys.stderr)
        return 1
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(HEAD + text, encoding="utf-8")
    print(f"{TARGET.relative_to(ROOT)}: {text.count('==')} pins")
    return 0


if __name__ == "__main__":
    sys.exit(main())
