"""Making XML signatures as text: forms, signed properties, the element itself. No key and no trust here."""

from vnedoc.dsig._build._claims import CommitmentType, ProductionPlace, SignaturePolicy
from vnedoc.dsig._build._form import XmlForm
from vnedoc.dsig._build._signature import (
    CONTENT,
    VALUE,
    InPlace,
    SignedData,
    UnfinishedSignature,
    build_signature,
    is_whole,
    name_of,
    parse_alone,
    stands_alone,
)
from vnedoc.dsig._build._texts import attribute

__all__ = [
    "CONTENT",
    "VALUE",
    "CommitmentType",
    "InPlace",
    "ProductionPlace",
    "SignaturePolicy",
    "SignedData",
    "UnfinishedSignature",
    "XmlForm",
    "attribute",
    "build_signature",
    "is_whole",
    "name_of",
    "parse_alone",
    "stands_alone",
]
