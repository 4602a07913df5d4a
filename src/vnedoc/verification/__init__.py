"""The one validation process, with its PDF and XML adapters. It always gives a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vnedoc.verification._judge import Core, judge
from vnedoc.verification._policy import Policy

if TYPE_CHECKING:
    from vnedoc.verification._pdf import PdfVerdict, verify_pdf
    from vnedoc.verification._policy_file import load_policy
    from vnedoc.verification._xml import foreign_signatures, seal_findings, verify_xml

__all__ = [
    "Core",
    "PdfVerdict",
    "Policy",
    "foreign_signatures",
    "judge",
    "load_policy",
    "seal_findings",
    "verify_pdf",
    "verify_xml",
]

_MODULE_OF = {
    "load_policy": "_policy_file",
    "PdfVerdict": "_pdf",
    "verify_pdf": "_pdf",
    "foreign_signatures": "_xml",
    "seal_findings": "_xml",
    "verify_xml": "_xml",
}


def __getattr__(name: str) -> Any:
    # Each adapter brings its engine; whoever checks XML alone does not pay for pyHanko.
    if name in _MODULE_OF:
        from importlib import import_module

        return getattr(import_module(f"vnedoc.verification.{_MODULE_OF[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
