"""How much memory a piece of work takes; Linux only.

Asked of ``/proc``, not of ``ru_maxrss``, which a process inherits from the one that started it.
"""

import subprocess
import sys
from pathlib import Path

PEAK = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from memory_peak import peak
"""
"""Begins a program that asks for its peak."""

_START = f"""
{PEAK}
folder, size = sys.argv[1], int(sys.argv[2])
"""
_END = """
with open(folder + "/small", "wb") as handle:
    handle.write(b"x" * 1000)
with open(folder + "/big", "wb") as handle:
    handle.truncate(size)
work("small")
before = peak()
work("big")
print(peak() - before)
"""


def peak() -> int:
    """Give the most memory that this process has held so far, KiB."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


def growth(folder, size: int, code: str) -> int:
    """Run *code*, which defines ``work(name)``, on the files ``small`` and ``big`` of *folder*; give KiB.

    A process of its own, since the peak never falls.
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
