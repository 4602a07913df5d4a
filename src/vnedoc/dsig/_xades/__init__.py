"""XAdES qualifying properties (EN 319 132-1 V1.3.1): what is signed about a signature, and what was added.

Only properties of the signature at hand are read. What is signed is the signer's word; what is not signed
counts for what it proves by itself: a time stamp for its imprint, a value for its issuer's signature.
"""

from vnedoc.dsig._xades._carried import Carried, read_carried
from vnedoc.dsig._xades._certificates import CertificateReference
from vnedoc.dsig._xades._imprints import Imprints, Octets
from vnedoc.dsig._xades._names import EVALUATED, SIGNED_PROPERTIES_TYPE, TIME_STAMPS, XADES_141
from vnedoc.dsig._xades._notes import note_properties
from vnedoc.dsig._xades._policy import PolicyReference, PolicyState
from vnedoc.dsig._xades._properties import Properties, foreign_properties, read_properties
from vnedoc.dsig._xades._stamped import StampedOctets
from vnedoc.dsig._xades._statements import Commitment, DataFormat, Statements
from vnedoc.dsig._xades._timestamps import CarriedTimestamp, carried_timestamps
from vnedoc.dsig._xades._values import CarriedValues, carried_values

__all__ = [
    "EVALUATED",
    "SIGNED_PROPERTIES_TYPE",
    "TIME_STAMPS",
    "XADES_141",
    "Carried",
    "CarriedTimestamp",
    "CarriedValues",
    "CertificateReference",
    "Commitment",
    "DataFormat",
    "Imprints",
    "Octets",
    "PolicyReference",
    "PolicyState",
    "Properties",
    "StampedOctets",
    "Statements",
    "carried_timestamps",
    "carried_values",
    "foreign_properties",
    "note_properties",
    "read_carried",
    "read_properties",
]
