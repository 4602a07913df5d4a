"""What needs several rooms: seal and open, the document verdict, the exchange wired to codec and verifier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vnedoc.exchange import Thread, answer, recall, replace, revoke, update
    from vnedoc.workflow._file_seal import complete_seal_file, prepare_seal_file, seal_file, sign_edxml_file
    from vnedoc.workflow._mailroom import Mailroom, PolicyOpener, open_mailroom
    from vnedoc.workflow._raising import augment, augment_file
    from vnedoc.workflow._sealing import (
        check,
        complete,
        counter_sign_xml,
        prepare_counter_xml,
        prepare_seal,
        prepare_xml,
        seal,
        sign_edxml,
        sign_pdf,
        sign_xml,
        unsealed,
    )
    from vnedoc.workflow._signed_parts import SignedPart, signed_parts
    from vnedoc.workflow._source import Content, Contents, Source, as_wire, contents_of, kind_of
    from vnedoc.workflow._verify import Examined, examine, open_sealed, verify

__all__ = [
    "Content",
    "Contents",
    "Examined",
    "Mailroom",
    "PolicyOpener",
    "SignedPart",
    "Source",
    "Thread",
    "answer",
    "as_wire",
    "augment",
    "augment_file",
    "check",
    "complete",
    "complete_seal_file",
    "contents_of",
    "counter_sign_xml",
    "examine",
    "kind_of",
    "open_mailroom",
    "open_sealed",
    "prepare_counter_xml",
    "prepare_seal",
    "prepare_seal_file",
    "prepare_xml",
    "recall",
    "replace",
    "revoke",
    "seal",
    "seal_file",
    "sign_edxml",
    "sign_edxml_file",
    "sign_pdf",
    "sign_xml",
    "signed_parts",
    "unsealed",
    "update",
    "verify",
]

_OF_EXCHANGE = ("Thread", "answer", "recall", "replace", "revoke", "update")
_MODULE_OF = {
    **dict.fromkeys(
        ("complete_seal_file", "prepare_seal_file", "seal_file", "sign_edxml_file"), "_file_seal"
    ),
    **dict.fromkeys(("Mailroom", "PolicyOpener", "open_mailroom"), "_mailroom"),
    **dict.fromkeys(("augment", "augment_file"), "_raising"),
    **dict.fromkeys(("SignedPart", "signed_parts"), "_signed_parts"),
    **dict.fromkeys(("Content", "Contents", "Source", "as_wire", "contents_of", "kind_of"), "_source"),
    **dict.fromkeys(("Examined", "examine", "open_sealed", "verify"), "_verify"),
}


def __getattr__(name: str) -> Any:
    # Whoever verifies does not pay for what makes signatures, and the other way round.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    if name in _OF_EXCHANGE:
        return getattr(import_module("vnedoc.exchange"), name)
    return getattr(import_module(f"vnedoc.workflow.{_MODULE_OF.get(name, '_sealing')}"), name)
