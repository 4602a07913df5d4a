"""How much memory a piece of work takes with a large file over what it takes with a small one."""

import subprocess
import sys

_START = """
import resource, sys
folder, size = sys.argv[1], int(sys.argv[2])
"""
_END = """
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

with open(folder + "/small", "wb") as handle:
    handle.write(b"x" * 1000)
with open(folder + "/big", "wb") as handle:
    handle.truncate(size)
work("small")
before = peak()
work("big")
print(peak() - before)
"""


def growth(folder, size: int, code: str) -> int:
    """Run *code*, which defines ``work(name)``, on the files ``small`` and ``big`` of *folder*; give KiB.

    A process of its own, since the peak never falls. ``ru_maxrss`` is in KiB on Linux alone.
    """
    done = subprocess.run(
        [sys.executable, "-c", _START + code + _END, folder, str(size)],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)
