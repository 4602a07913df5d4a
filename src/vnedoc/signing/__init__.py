"""Keys, and signatures on PDF and XML in one or two steps."""

from vnedoc.signing._keys import KeySigner, PublicIdentity, load_key
from vnedoc.signing._pdf import complete_pdf, prepare_pdf, sign_pdf
from vnedoc.signing._state import Prepared, SigningState
from vnedoc.signing._validity import require_signer
from vnedoc.signing._xml import (
    LargeXml,
    Measured,
    complete_xml,
    finished_signature,
    prepare_large_xml,
    prepare_xml,
    sign_xml,
)

__all__ = [
    "KeySigner",
    "LargeXml",
    "Measured",
    "Prepared",
    "PublicIdentity",
    "SigningState",
    "complete_pdf",
    "complete_xml",
    "finished_signature",
    "load_key",
    "prepare_large_xml",
    "prepare_pdf",
    "prepare_xml",
    "require_signer",
    "sign_pdf",
    "sign_xml",
]
