"""Reports for people and programs: text, JSON and one HTML page, in Vietnamese and English."""

from vnedoc.report._catalogue import Message, codes, explain, explains
from vnedoc.report._html import to_html
from vnedoc.report._json import (
    AttachmentRow,
    Checked,
    Inspected,
    PresentSignature,
    Unreadable,
    check_to_dict,
    check_to_json,
    error_to_dict,
    finding_to_dict,
    inspect_to_dict,
    inspect_to_json,
    report_to_dict,
    schema,
    to_json,
)
from vnedoc.report._render import plain, render_error, render_finding
from vnedoc.report._text import check_to_text, findings_to_text, inspect_to_text, to_text

__all__ = [
    "AttachmentRow",
    "Checked",
    "Inspected",
    "Message",
    "PresentSignature",
    "Unreadable",
    "check_to_dict",
    "check_to_json",
    "check_to_text",
    "codes",
    "error_to_dict",
    "explain",
    "explains",
    "finding_to_dict",
    "findings_to_text",
    "inspect_to_dict",
    "inspect_to_json",
    "inspect_to_text",
    "plain",
    "render_error",
    "render_finding",
    "report_to_dict",
    "schema",
    "to_html",
    "to_json",
    "to_text",
]
