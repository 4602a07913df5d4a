"""One throwaway PKI, its authority for time stamps, and documents on their way from B-B to B-LTA."""

import datetime as dt
from functools import cache

import attrs
from lxml import etree

from vnedoc.conformance import FakePki, FakeTsa
from vnedoc.dsig import check_signatures
from vnedoc.model import VIETNAM, Blob, Limits, Wire
from vnedoc.signing import XmlForm, augment_xml, sign_xml
from vnedoc.verification import Policy, verify_xml
from vnedoc.xml import parse

AT = dt.datetime(2026, 6, 1, 8, 30, tzinfo=VIETNAM)
LATER = AT + dt.timedelta(hours=1)
LIMITS = Limits()
CONTENT = "<congVan>\r\n <noiDung a='1'>Về việc thử nghiệm</noiDung><!-- lời -->\n</congVan>\n".encode()
FORMS = {
    "enveloped": XmlForm(),
    "enveloping": XmlForm(packaging="enveloping"),
    "detached": XmlForm(packaging="detached", reference="cong-van.xml"),
}


@cache
def pki():
    return FakePki.create(at=AT, key="p256")


@cache
def lists():
    """Give the revocation lists, always the same."""
    return pki().revocation()


@cache
def person():
    return pki().issue("Nguyễn Thị Thử")


@cache
def tsa():
    return FakeTsa(pki())


def resolver(_uri):
    return Blob.from_bytes(CONTENT)


def policy(at=LATER, *, trust=None, revocation=None):
    strict = Policy.strict(trust=trust or pki().trust(), revocation=revocation or lists(), at=at)
    return attrs.evolve(strict, whole_document=False)


@cache
def signed(name="enveloped"):
    return sign_xml(Wire.from_bytes(CONTENT), person().signer(), signing_time=AT, form=FORMS[name])


def raised(wire, level, **more):
    return augment_xml(
        wire,
        level,
        **{
            "timestamper": tsa(),
            "trust": pki().trust(),
            "revocation": lists(),
            "at": AT,
            "resolver": resolver,
            **more,
        },
    )


@cache
def at_level(level, name="enveloped"):
    return raised(signed(name), level)


def checks(data):
    return check_signatures(parse(data), LIMITS, resolver=resolver)


def report(data, under=None):
    """Give the report of the one signature of a document."""
    (found,) = verify_xml(parse(data), under or policy(), resolver=resolver)
    return found


def property_names(data):
    (check,) = checks(data)
    return [etree.QName(one).localname for one in check.properties.unsigned]


def only_added(before, after):
    """Tell whether *after* is *before* with one stretch of octets put in."""
    start = next((at for at, (x, y) in enumerate(zip(before, after, strict=False)) if x != y), len(before))
    rest = len(before) - start
    return after[:start] == before[:start] and (not rest or after[-rest:] == before[-rest:])
