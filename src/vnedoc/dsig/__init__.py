"""XMLDSig and XAdES: grammar, references, digests, signature values. It knows no trust.

XML Signature 1.1 (W3C, 11 April 2013) and XAdES (ETSI EN 319 132-1 V1.3.1). Data outside of a document
comes from the caller's resolver, never from the network.
"""

from vnedoc.dsig._algorithms import SignatureMethod, fits, method_of, to_xml_value, verify_value
from vnedoc.dsig._build import (
    CONTENT,
    VALUE,
    CommitmentType,
    InPlace,
    ProductionPlace,
    SignaturePolicy,
    SignedData,
    UnfinishedSignature,
    XmlForm,
    attribute,
    build_signature,
    is_whole,
    name_of,
    parse_alone,
    stands_alone,
)
from vnedoc.dsig._core import CoreCheck, check_signatures, find_signatures, is_plain
from vnedoc.dsig._generic import UnsafeGeneric
from vnedoc.dsig._grammar import DS, ENVELOPED, SIGNATURE_TAG, XADES
from vnedoc.dsig._keys import public_key
from vnedoc.dsig._references import Pieces, ReferenceCheck, Resolver
from vnedoc.dsig._xades import Carried, CarriedTimestamp, CarriedValues, Properties, read_carried

__all__ = [
    "CONTENT",
    "DS",
    "ENVELOPED",
    "SIGNATURE_TAG",
    "VALUE",
    "XADES",
    "Carried",
    "CarriedTimestamp",
    "CarriedValues",
    "CommitmentType",
    "CoreCheck",
    "InPlace",
    "Pieces",
    "ProductionPlace",
    "Properties",
    "ReferenceCheck",
    "Resolver",
    "SignatureMethod",
    "SignaturePolicy",
    "SignedData",
    "UnfinishedSignature",
    "UnsafeGeneric",
    "XmlForm",
    "attribute",
    "build_signature",
    "check_signatures",
    "find_signatures",
    "fits",
    "is_plain",
    "is_whole",
    "method_of",
    "name_of",
    "parse_alone",
    "public_key",
    "read_carried",
    "stands_alone",
    "to_xml_value",
    "verify_value",
]
