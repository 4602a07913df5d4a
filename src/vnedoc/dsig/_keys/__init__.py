"""Keys: those of certificates, those that stand by themselves, and which certificate is meant."""

from vnedoc.dsig._keys._bare_keys import is_bare_key, load_given, read_bare_key
from vnedoc.dsig._keys._certificate_keys import fields_of, issuer_serial, public_key, same_key
from vnedoc.dsig._keys._key_choice import describes, digest

__all__ = [
    "describes",
    "digest",
    "fields_of",
    "is_bare_key",
    "issuer_serial",
    "load_given",
    "public_key",
    "read_bare_key",
    "same_key",
]
