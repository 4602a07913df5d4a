"""How much hostile input may cost."""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class Limits:
    """Bounds on what is read. Safe by default; raise a field only for a source that you trust.

    A value above a bound gives ``LimitExceeded`` whose facts name the field.
    """

    file_bytes: int = 512 * 1024 * 1024
    """Size of one input file, octets."""
    tree_bytes: int = 32 * 1024 * 1024
    """Size of an XML document that is read as a tree, octets; where attachments are left in the file, of what
    is left."""
    depth: int = 100
    """Nesting of XML elements."""
    nodes: int = 200_000
    """Elements, comments and processing instructions in one XML document."""
    attributes: int = 256
    """Attributes and namespace declarations on one element."""
    text_bytes: int = 1024 * 1024
    """One text node outside an attachment, octets."""
    attachments: int = 200
    """Attachments in one message."""
    attachment_bytes: int = 256 * 1024 * 1024
    """One attachment after base64 and zip, octets."""
    total_bytes: int = 512 * 1024 * 1024
    """All attachments of one message together, octets."""
    zip_ratio: int = 100
    """Unpacked size of a zip over its packed size."""
    signatures: int = 50
    """Signatures in one file."""
    references: int = 20
    """References in one XML signature."""
    transforms: int = 5
    """Transforms in one reference."""
    digest_bytes: int = 640 * 1024 * 1024
    """Octets that the references of all XML signatures of one file make us digest, together: a file of the
    largest size once, and more besides. Slow hashes weigh more, by what they cost beside SHA-512: SHA3-224
    and SHA3-256 twice, SHA3-384 and RIPEMD-160 three times, SHA3-512 four times."""
    canonical_steps: int = 8_000_000
    """Work of bringing the data of all XML signatures of one file into canonical form: elements, weighed by
    the namespaces in scope, and attributes; about 0.2 microseconds each."""
    xpath_nodes: int = 100_000
    """Nodes of an XML document that XPath is evaluated on: texts, attributes and the namespace nodes of every
    element, too."""
    xpath_length: int = 4096
    """One XPath expression, characters."""
    xpath_steps: int = 1_000_000
    """Work of evaluating the XPath expressions of one file: nodes visited, and characters by eights."""
    entity_bytes: int = 1024 * 1024
    """Octets that the entities of a DOCTYPE may come to, where a DOCTYPE is read at all."""
    certificates: int = 50
    """Certificates carried by one signature."""
    chain_depth: int = 10
    """Certificates in one path."""
    chain_checks: int = 200
    """Signature checks while one path is looked for."""
    crl_bytes: int = 32 * 1024 * 1024
    """Size of one revocation list, octets."""
    pdf_objects: int = 500_000
    """Objects that one PDF may declare."""
    pdf_revisions: int = 200
    """Cross-reference sections of one PDF, one for each time it was saved."""
    pdf_references: int = 100_000
    """References followed while the revisions of one PDF are compared."""
    pdf_depth: int = 200
    """Nesting of arrays and dictionaries in a PDF."""
    pdf_inflate_bytes: int = 256 * 1024 * 1024
    """One unpacked PDF stream, octets."""
