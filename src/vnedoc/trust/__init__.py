"""Which certificates are trusted, and why: anchors, paths, revocation lists, algorithms.

Certificates come in as DER and are judged at a given time. Nothing is fetched; OCSP is not read yet.
"""

from vnedoc.trust._algorithms import AlgorithmPolicy
from vnedoc.trust._certificates import identity_of, public_key_of
from vnedoc.trust._path import PathVerdict, validate_path
from vnedoc.trust._stores import Material, RevocationStore, TrustStore, load_material

__all__ = [
    "AlgorithmPolicy",
    "Material",
    "PathVerdict",
    "RevocationStore",
    "TrustStore",
    "identity_of",
    "load_material",
    "public_key_of",
    "validate_path",
]
