"""Keys, and signatures on PDF and XML in one or two steps."""

from vnedoc.dsig import CommitmentType, ProductionPlace, SignaturePolicy, XmlForm
from vnedoc.model import SignatureAlgorithm
from vnedoc.signing._augment import augment_large_xml, augment_xml, require_for_level, signature_id_of
from vnedoc.signing._keys import KeySigner, PublicIdentity, load_key
from vnedoc.signing._pdf import complete_pdf, prepare_pdf, sign_pdf
from vnedoc.signing._state import Prepared, SigningState
from vnedoc.signing._validity import require_signer
from vnedoc.signing._xml import (
    CounterStyle,
    LargeXml,
    Measured,
    complete_xml,
    counter_sign_xml,
    finished_signature,
    prepare_counter_xml,
    prepare_large_xml,
    prepare_xml,
    sign_xml,
)

__all__ = [
    "CommitmentType",
    "CounterStyle",
    "KeySigner",
    "LargeXml",
    "Measured",
    "Prepared",
    "ProductionPlace",
    "PublicIdentity",
    "SignatureAlgorithm",
    "SignaturePolicy",
    "SigningState",
    "XmlForm",
    "augment_large_xml",
    "augment_xml",
    "complete_pdf",
    "complete_xml",
    "counter_sign_xml",
    "finished_signature",
    "load_key",
    "prepare_counter_xml",
    "prepare_large_xml",
    "prepare_pdf",
    "prepare_xml",
    "require_for_level",
    "require_signer",
    "sign_pdf",
    "sign_xml",
    "signature_id_of",
]
