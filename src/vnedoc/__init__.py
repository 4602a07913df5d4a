"""Signed official e-documents of Vietnam.

An agency signs a PDF, puts it in a typed envelope, seals it as edXML and sends it; another one receives it,
verifies everything, takes it in and answers with a status. The names below are the front door; importing
this package loads nothing heavy until one of them is touched.
"""

from __future__ import annotations

# Type checkers know this name; importing "typing" would cost more than all of this module.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    from vnedoc.errors import VerificationError, VnedocError
    from vnedoc.model import (
        Acceptance,
        Attachment,
        Blob,
        Conclusion,
        DocumentCode,
        DocumentType,
        Envelope,
        Finding,
        OrganId,
        Party,
        Received,
        Report,
        StatusCode,
        StatusMessage,
        Wire,
    )
    from vnedoc.signing import load_key
    from vnedoc.trust import RevocationStore, TrustStore
    from vnedoc.verification import Policy
    from vnedoc.workflow import (
        answer,
        augment,
        check,
        open_mailroom,
        open_sealed,
        seal,
        sign_pdf,
        sign_xml,
        verify,
    )

__version__ = "0.1.0"

_ROOM_OF = {
    "Acceptance": "model",
    "Attachment": "model",
    "Blob": "model",
    "Conclusion": "model",
    "DocumentCode": "model",
    "DocumentType": "model",
    "Envelope": "model",
    "Finding": "model",
    "OrganId": "model",
    "Party": "model",
    "Policy": "verification",
    "Received": "model",
    "Report": "model",
    "RevocationStore": "trust",
    "StatusCode": "model",
    "StatusMessage": "model",
    "TrustStore": "trust",
    "VerificationError": "errors",
    "VnedocError": "errors",
    "Wire": "model",
    "answer": "workflow",
    "augment": "workflow",
    "check": "workflow",
    "load_key": "signing",
    "open_mailroom": "workflow",
    "open_sealed": "workflow",
    "seal": "workflow",
    "sign_pdf": "workflow",
    "sign_xml": "workflow",
    "verify": "workflow",
}

__all__ = [
    "Acceptance",
    "Attachment",
    "Blob",
    "Conclusion",
    "DocumentCode",
    "DocumentType",
    "Envelope",
    "Finding",
    "OrganId",
    "Party",
    "Policy",
    "Received",
    "Report",
    "RevocationStore",
    "StatusCode",
    "StatusMessage",
    "TrustStore",
    "VerificationError",
    "VnedocError",
    "Wire",
    "__version__",
    "answer",
    "augment",
    "check",
    "load_key",
    "open_mailroom",
    "open_sealed",
    "seal",
    "sign_pdf",
    "sign_xml",
    "verify",
]


def __getattr__(name: str) -> Any:
    room = _ROOM_OF.get(name)
    if room is None:
        raise AttributeError(f"module 'vnedoc' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"vnedoc.{room}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
