"""What needs several rooms: seal and open, the document verdict, the exchange wired to codec and verifier."""

from vnedoc.workflow._mailroom import PolicyOpener
from vnedoc.workflow._sealing import (
    answer,
    check,
    complete,
    prepare_seal,
    seal,
    sign_edxml,
    sign_pdf,
    sign_xml,
    unsealed,
)
from vnedoc.workflow._source import Source, as_wire, kind_of
from vnedoc.workflow._verify import Examined, examine, open_sealed, verify

__all__ = [
    "Examined",
    "PolicyOpener",
    "Source",
    "answer",
    "as_wire",
    "check",
    "complete",
    "examine",
    "kind_of",
    "open_sealed",
    "prepare_seal",
    "seal",
    "sign_edxml",
    "sign_pdf",
    "sign_xml",
    "unsealed",
    "verify",
]
