"""Frozen values. They know no format, no file and no key."""

from typing import TYPE_CHECKING, Any

from vnedoc.model._blob import Blob, file_changed, open_file, unreadable, written_whole
from vnedoc.model._envelope import (
    VIETNAM,
    Attachment,
    Business,
    DocumentType,
    Envelope,
    OtherInfo,
    Party,
    Receiver,
    Replaced,
    ResponseFor,
    SignerInfo,
    StaffInfo,
    StatusMessage,
    TraceHeader,
    UnknownAttribute,
    UnknownElement,
)
from vnedoc.model._exchange import (
    Awaiting,
    Capabilities,
    Custody,
    InboundMeta,
    MessageKind,
    Parcel,
    PollPage,
    RemoteHandle,
    SendResult,
    Settlement,
)
from vnedoc.model._ids import DocumentCode, DocumentId, OrganId, OrganKind
from vnedoc.model._limits import Limits
from vnedoc.model._lists import (
    AdministrativeType,
    Certainty,
    Kind,
    Priority,
    ReceiverChange,
    StatusCode,
    Steering,
    name_key,
    name_keys,
)
from vnedoc.model._received import Received
from vnedoc.model._report import (
    Acceptance,
    Conclusion,
    Covered,
    Evidence,
    FileKind,
    Finding,
    Level,
    Report,
    Severity,
    SignatureFormat,
    SignatureReport,
    SignerIdentity,
    SignerRole,
    SubIndication,
    TimeSource,
    worst,
)
from vnedoc.model._signing import RevocationData, SignatureAlgorithm
from vnedoc.model._wire import EDXML_TYPE, PDF_TYPE, Wire

if TYPE_CHECKING:
    from vnedoc.model._reference._agency import Agency, AgencyState, OrganConversion, Succession
    from vnedoc.model._reference._level_1 import (
        LevelOne,
        LevelOneRange,
        level_1,
        level_1_codes,
        level_1_range,
        level_1_ranges,
    )
    from vnedoc.model._reference._printed import (
        Authority,
        Circulation,
        CopyType,
        Medium,
        Secrecy,
        code_lists,
    )

# Few programs need these, so they are loaded when first touched and cost the others nothing.
_LATER = {
    "Agency": "_agency",
    "AgencyState": "_agency",
    "Authority": "_printed",
    "Circulation": "_printed",
    "CopyType": "_printed",
    "LevelOne": "_level_1",
    "LevelOneRange": "_level_1",
    "Medium": "_printed",
    "OrganConversion": "_agency",
    "Secrecy": "_printed",
    "Succession": "_agency",
    "code_lists": "_printed",
    "level_1": "_level_1",
    "level_1_codes": "_level_1",
    "level_1_range": "_level_1",
    "level_1_ranges": "_level_1",
}

__all__ = [
    "EDXML_TYPE",
    "PDF_TYPE",
    "VIETNAM",
    "Acceptance",
    "AdministrativeType",
    "Agency",
    "AgencyState",
    "Attachment",
    "Authority",
    "Awaiting",
    "Blob",
    "Business",
    "Capabilities",
    "Certainty",
    "Circulation",
    "Conclusion",
    "CopyType",
    "Covered",
    "Custody",
    "DocumentCode",
    "DocumentId",
    "DocumentType",
    "Envelope",
    "Evidence",
    "FileKind",
    "Finding",
    "InboundMeta",
    "Kind",
    "Level",
    "LevelOne",
    "LevelOneRange",
    "Limits",
    "Medium",
    "MessageKind",
    "OrganConversion",
    "OrganId",
    "OrganKind",
    "OtherInfo",
    "Parcel",
    "Party",
    "PollPage",
    "Priority",
    "Received",
    "Receiver",
    "ReceiverChange",
    "RemoteHandle",
    "Replaced",
    "Report",
    "ResponseFor",
    "RevocationData",
    "Secrecy",
    "SendResult",
    "Settlement",
    "Severity",
    "SignatureAlgorithm",
    "SignatureFormat",
    "SignatureReport",
    "SignerIdentity",
    "SignerInfo",
    "SignerRole",
    "StaffInfo",
    "StatusCode",
    "StatusMessage",
    "Steering",
    "SubIndication",
    "Succession",
    "TimeSource",
    "TraceHeader",
    "UnknownAttribute",
    "UnknownElement",
    "Wire",
    "code_lists",
    "file_changed",
    "level_1",
    "level_1_codes",
    "level_1_range",
    "level_1_ranges",
    "name_key",
    "name_keys",
    "open_file",
    "unreadable",
    "worst",
    "written_whole",
]


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"vnedoc.model._reference.{_LATER[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
