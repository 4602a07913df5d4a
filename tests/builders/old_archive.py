"""A document of the time of SHA-1, as an archive keeps it: signed in January 2017, stamped soon after."""

import datetime as dt

from dsig_samples import (
    EXC_C14N,
    FORMAT,
    RSA_SHA1,
    SHA1,
    SIGNED_PROPERTIES,
    cert_v2,
    forge,
    qualifying,
    reference,
)

from vnedoc.conformance import FakePki, FakeTsa, crl_to_pem, to_pem
from vnedoc.model import Wire
from vnedoc.signing import augment_xml

SIGNED = dt.datetime(2017, 1, 16, 2, tzinfo=dt.UTC)
STAMPED = SIGNED + dt.timedelta(hours=1)
TODAY = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)

_MONTH = dt.timedelta(days=30)
_BODY = "<VanBan>{}<TrichYeu>V/v lưu trữ thử nghiệm</TrichYeu></VanBan>"


def old_document(pki, *, stamp=True):
    """Give a XAdES signature with RSA-2048 and SHA-1 everywhere, and a time stamp that is better."""
    person = pki.issue("Nguyễn Thị Thử")
    references = (
        reference(digest=SHA1, more='Id="ref"'),
        reference('URI="#props"', (EXC_C14N,), digest=SHA1, more=f'Type="{SIGNED_PROPERTIES}"'),
    )
    time = f"<SigningTime>{SIGNED.isoformat()}</SigningTime>"
    octets = forge(
        person,
        _BODY,
        *references,
        objects=qualifying(time + cert_v2(person.der, SHA1), FORMAT),
        method=RSA_SHA1,
    )
    if not stamp:
        return octets
    authority = pki.issue_tsa(not_after=TODAY + _MONTH)
    wire = Wire.from_bytes(octets)
    return augment_xml(wire, "B-T", timestamper=FakeTsa(pki, credential=authority, at=STAMPED)).read()


def write_archive(folder):
    """Write the document, the authority that issued its certificates, and its revocation lists."""
    pki = FakePki.create(at=SIGNED)
    files = {"document.xml": old_document(pki), "trust/old.pem": to_pem(pki.root.der)}
    for year, at in (("2017", SIGNED + dt.timedelta(days=3)), ("2026", TODAY)):
        for name, crl in zip(("root", "issuing"), pki.crls(at, at + _MONTH), strict=True):
            files[f"crl/{name}-{year}.crl"] = crl_to_pem(crl)
    for name, octets in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(octets)
