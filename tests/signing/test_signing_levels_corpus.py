"""Other people's XAdES signatures, raised to B-LTA: nothing of theirs is touched, all of ours is right."""

from collections import Counter

import pytest
from level_builders import AT, only_added, tsa
from xades_vectors import detached_files, rows

from vnedoc.dsig import UnsafeGeneric, check_signatures
from vnedoc.errors import VnedocError
from vnedoc.model import Limits, RevocationData, Wire
from vnedoc.signing import augment_xml
from vnedoc.trust import Evidence, RevocationStore, TrustStore, read_token
from vnedoc.xml import parse

pytestmark = pytest.mark.corpus

DATA = RevocationData(crls=(b"0\x03\x02\x01\x01",), ocsps=(b"0\x03\x02\x01\x02",))


def collect(certificate, **_more):
    """Their authorities are long gone: anything stands for the validation data."""
    return Evidence(certificates=(certificate,), crls=DATA.crls, ocsps=DATA.ocsps)


def right(stamp):
    try:
        token = read_token(stamp.token)
        return stamp.imprint(token.hash_name) == token.imprint
    except VnedocError:
        return False


def test_every_intact_signature_can_be_raised(corpus, record_property):
    folder = corpus / "vectors/xades"
    outcomes = Counter()
    for row in rows(folder):
        resolver = detached_files(folder, row)
        data = (folder / row["file"]).read_bytes()
        options = {"resolver": resolver, "generic": UnsafeGeneric()}
        try:
            before = check_signatures(parse(data), Limits(), **options)
            wire = augment_xml(
                Wire.from_bytes(data),
                "B-LTA",
                timestamper=tsa(),
                trust=TrustStore.from_der([]),
                revocation=RevocationStore.from_der(),
                at=AT,
                signature_id=before[0].element.get("Id"),
                collect=collect,
                **options,
            )
        except VnedocError as error:
            outcomes[error.code] += 1
            continue
        outcomes["raised"] += 1
        after = check_signatures(parse(wire.read()), Limits(), **options)
        assert [one.conclusion for one in after] == [one.conclusion for one in before], row["file"]
        assert only_added(data, wire.read()), row["file"]
        old = [one.token for one in before[0].timestamps if right(one)]
        new = [one for one in after[0].timestamps if right(one)]
        assert [one.token for one in new][: len(old)] == old, row["file"]
        assert new[-1].kind == "archive-141", row["file"]
        assert any(one.kind == "signature" for one in new), row["file"]
    record_property("rows", sum(outcomes.values()))
    # not intact, or XMLDSig alone; a DOCTYPE; not UTF-8
    assert outcomes == {"raised": 105, "VND-SIGN-081": 35, "VND-XML-002": 1, "VND-XML-003": 2}
