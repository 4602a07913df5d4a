"""Keys, and signatures on PDF and XML in one or two steps."""

from vnedoc.signing._keys import KeySigner, PublicIdentity, load_key
from vnedoc.signing._pdf import complete_pdf, prepare_pdf, sign_pdf
from vnedoc.signing._state import Prepared, SigningState

__all__ = [
    "KeySigner",
    "Prepared",
    "PublicIdentity",
    "SigningState",
    "complete_pdf",
    "load_key",
    "prepare_pdf",
    "sign_pdf",
]
