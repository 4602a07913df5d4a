"""XMLDSig and XAdES: grammar, references, digests, signature values. It knows no trust.

XML Signature 1.1 (W3C, 11 April 2013) and XAdES (ETSI EN 319 132-1 V1.3.1), same-document references only.
"""

from vnedoc.dsig._algorithms import SignatureMethod, fits, method_of, to_xml_value, verify_value
from vnedoc.dsig._build import VALUE, EnvelopedSignature, build_enveloped
from vnedoc.dsig._core import CoreCheck, check_signatures, find_signatures, is_plain
from vnedoc.dsig._grammar import SIGNATURE_TAG
from vnedoc.dsig._keys import public_key
from vnedoc.dsig._references import Pieces, ReferenceCheck

__all__ = [
    "SIGNATURE_TAG",
    "VALUE",
    "CoreCheck",
    "EnvelopedSignature",
    "Pieces",
    "ReferenceCheck",
    "SignatureMethod",
    "build_enveloped",
    "check_signatures",
    "find_signatures",
    "fits",
    "is_plain",
    "method_of",
    "public_key",
    "to_xml_value",
    "verify_value",
]
