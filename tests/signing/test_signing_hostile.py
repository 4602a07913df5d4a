"""Files that break the PDF parser are refused by a typed error."""

import pytest

from vnedoc.conformance import FakePki
from vnedoc.errors import VnedocError
from vnedoc.model import Wire
from vnedoc.signing import sign_pdf

BROKEN_STREAM = (
    b"%PDF-1.5\n1 0 obj\n<</Type/XRef/Size 2/W[1 1 1]/Filter/FlateDecode/Length 4>>stream\n"
    b"abcd\nendstream endobj\nstartxref\n9\n%%EOF\n"
)


@pytest.fixture(scope="module")
def signer():
    return FakePki.create(key="p256").issue("Sở Thử nghiệm A", key="p256").signer()


@pytest.mark.parametrize(
    "octets", [BROKEN_STREAM, b"%PDF-1.7\n" + b"[" * 50_000, b"%PDF-1.7\nstartxref\n-1\n%%EOF"]
)
def test_a_broken_file_is_refused(signer, octets):
    with pytest.raises(VnedocError) as caught:
        sign_pdf(Wire.from_bytes(octets), signer)
    assert caught.value.code.startswith("VND-SIGN-")
