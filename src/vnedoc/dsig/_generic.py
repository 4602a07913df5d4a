"""What lowers the guard for other people's test vectors."""

from __future__ import annotations

import attrs

from vnedoc.model import Limits


@attrs.frozen(kw_only=True)
class UnsafeGeneric:
    """Unsafe: takes XML signatures of every kind, for public test vectors and for looking at old files.

    With it a signature can be PASSED that proves nothing about who signed: by a key that the document brings
    itself, by a shared secret, by an algorithm that has been broken, or over data from which a transform
    left out whatever the sender liked. No policy has it and no command takes it: it goes to
    ``check_signatures`` by hand, and its results never to anybody who trusts a report. XSLT is never run.

    Attributes:
        keys: Public keys and certificates to try, each DER or PEM.
        hmac_keys: Shared secrets to try.
        bare_keys: Whether keys count that ``KeyInfo`` carries without a certificate.
        old_algorithms: Whether DSA, HMAC, MD5 and RIPEMD-160 are computed, and ECDSA values of wrong length.
        xpath: Whether XPath and XPath Filter 2.0 transforms are run, within ``Limits.canonical_steps``.
        base64: Whether base64 transforms are run.
        doctype: Whether data that a reference brings may have a DOCTYPE; its identifiers count.
        retrieval: Whether ``RetrievalMethod`` and ``KeyInfoReference`` are followed: inside the document, and
            outside of it as far as the resolver answers.
        id_names: Further attributes without a namespace that identify an element, such as ``AssertionID``.
        limits: Bounds for these checks, instead of those of the call.
    """

    keys: tuple[bytes, ...] = attrs.field(default=(), repr=False)
    hmac_keys: tuple[bytes, ...] = attrs.field(default=(), repr=False)
    bare_keys: bool = True
    old_algorithms: bool = True
    xpath: bool = True
    base64: bool = True
    doctype: bool = True
    retrieval: bool = True
    id_names: tuple[str, ...] = ()
    limits: Limits | None = None
