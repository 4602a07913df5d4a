"""The directory of agencies: who has which code, who is above whom, and what became of those that ended.

One file holds it; it is read as a whole, brought up to date by deltas, and answers from memory.
"""

from vnedoc.directory._axis import AxisImport, from_axis
from vnedoc.directory._file import FileDirectory, SyncResult

__all__ = ["AxisImport", "FileDirectory", "SyncResult", "from_axis"]
