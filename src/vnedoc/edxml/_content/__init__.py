"""What attachments are: first bytes, transport zips, damage, dangers and names.

Nothing here trusts what a message says about a file, and nothing reads a file into memory as a whole.
"""

from vnedoc.edxml._content._damage import Damage, damage_findings, damage_of
from vnedoc.edxml._content._dangers import danger_findings
from vnedoc.edxml._content._join import Joined, content_findings, join
from vnedoc.edxml._content._names import safe_name
from vnedoc.edxml._content._peek import Ends, ends_of
from vnedoc.edxml._content._sniff import CLAIMS, default_type, extension, sniff_type
from vnedoc.edxml._content._zip import Entry, Opened, is_transport, unpack

__all__ = [
    "CLAIMS",
    "Damage",
    "Ends",
    "Entry",
    "Joined",
    "Opened",
    "content_findings",
    "damage_findings",
    "damage_of",
    "danger_findings",
    "default_type",
    "ends_of",
    "extension",
    "is_transport",
    "join",
    "safe_name",
    "sniff_type",
    "unpack",
]
