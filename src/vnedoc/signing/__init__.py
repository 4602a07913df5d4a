"""Keys, and signatures on PDF and XML in one or two steps."""

from vnedoc.signing._keys import KeySigner, PublicIdentity, load_key
from vnedoc.signing._pdf import complete_pdf, prepare_pdf, sign_pdf
from vnedoc.signing._state import Prepared, SigningState
from vnedoc.signing._xml import complete_xml, prepare_xml, sign_xml

__all__ = [
    "KeySigner",
    "Prepared",
    "PublicIdentity",
    "SigningState",
    "complete_pdf",
    "complete_xml",
    "load_key",
    "prepare_pdf",
    "prepare_xml",
    "sign_pdf",
    "sign_xml",
]
