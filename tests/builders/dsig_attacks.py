"""Attacks on XML signatures, each built from a document that was properly signed.

What an attacker has is the octets of a signed document and keys of his own; what he does not have is the key
of the signer. So every builder takes signed octets and moves, doubles, hides or replaces parts of them.
"""

import base64
import contextlib
import re
import sys
from collections.abc import Callable, Iterator

import attrs
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from dsig_samples import DS, EXC_C14N, forge, reference
from edxml_making import FROM, TO, document

import vnedoc
from vnedoc.dsig import to_xml_value
from vnedoc.errors import VerificationError
from vnedoc.model import Conclusion, FileKind, Report, Severity, SubIndication
from vnedoc.verification import Policy
from vnedoc.xml import C14N_METHODS, canonicalize, parse

ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
PART = reference('URI="#header-1"', (EXC_C14N,))
"""Covers the message header alone, by its Id."""

# --- what is signed -------------------------------------------------------------------------------


def message(signature: str = "{}") -> str:
    """Give an edXML message with a place for its signature; the message header bears an Id."""
    text = document(FROM + TO + "<edXML:Subject>V/v thử nghiệm</edXML:Subject>", after_header=signature)
    return text.decode().replace("<edXML:MessageHeader>", '<edXML:MessageHeader Id="header-1">')


@attrs.frozen
class Hand:
    """A key with its certificate and chain, DER, from any builder of certificates."""

    der: bytes
    key: object
    chain: tuple[bytes, ...] = ()


def signed(credential, *references: str, body: str = "<Doc>{}<Body Id='body'>nội dung</Body></Doc>", **more):
    """Give a document signed by the plain rules, RSA or ECDSA by the kind of key."""
    if not isinstance(credential.key, ec.EllipticCurvePrivateKey):
        return forge(credential, body, *references, **more)
    return resigned(forge(credential, body, *references, **{"method": ECDSA_SHA256, **more}), by(credential))


def by(credential) -> Callable[[bytes], bytes]:
    """Give what signs octets with a key, in the form of XML: PKCS #1 v1.5 or ECDSA, SHA-256."""
    key = credential.key

    def sign(octets: bytes) -> bytes:
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return to_xml_value(key.public_key(), key.sign(octets, ec.ECDSA(hashes.SHA256())))
        return key.sign(octets, padding.PKCS1v15(), hashes.SHA256())

    return sign


def resigned(data: bytes, sign: Callable[[bytes], bytes]) -> bytes:
    """Put another value into the first signature: *sign* takes the canonical SignedInfo."""
    info = next(parse(data).root.iter(f"{{{DS}}}SignedInfo"))
    method = info[0].get("Algorithm")
    return with_value(data, sign(canonicalize(info, method if method in C14N_METHODS else EXC_C14N)))


def with_value(data: bytes, value: bytes) -> bytes:
    """Put octets into the first SignatureValue."""
    return replaced(data, "SignatureValue", base64.b64encode(value))


def replaced(data: bytes, name: str, content: bytes, *, nth: int = 0) -> bytes:
    """Put other content into the *nth* element of a name."""
    found = list(re.finditer(rb"(<%s[^>]*>)(.*?)(</%s>)" % (name.encode(), name.encode()), data, re.DOTALL))
    start, end = found[nth].span(2)
    return data[:start] + content + data[end:]


def content_of(data: bytes, name: str, *, nth: int = 0) -> bytes:
    """Give the content of the *nth* element of a name."""
    found = re.findall(rb"<%s[^>]*>(.*?)</%s>" % (name.encode(), name.encode()), data, re.DOTALL)
    return found[nth]


def put(data: bytes, before: str, what: str) -> bytes:
    """Put *what* before the first occurrence of a mark that must be there."""
    assert before.encode() in data, before
    return data.replace(before.encode(), (what + before).encode(), 1)


def swapped(data: bytes, old: str, new: str) -> bytes:
    """Replace the first occurrence of what must be there."""
    assert old.encode() in data, old
    return data.replace(old.encode(), new.encode(), 1)


def element(data: bytes, name: str) -> str:
    """Give the first element of a name, whole, as text."""
    text = data.decode()
    start = re.search(rf"<{name}[ >]", text).start()
    end = f"</{name}>"
    return text[start : text.index(end, start) + len(end)]


# --- wrapping -------------------------------------------------------------------------------------

SENDER, EVIL_SENDER = "000.00.01.Z99", "H99.666"
_PLACE = "@@"


def _evil_of(header: str, name: str) -> str:
    """Give the signed element with another sender, under the Id *name*."""
    return header.replace(SENDER, EVIL_SENDER).replace('Id="header-1"', f'Id="{name}"')


def _with_object(signature: str, inside: str) -> str:
    # what has no namespace keeps none there
    plain = re.sub(r"^<(\w+) ", r'<\1 xmlns="" ', inside)
    return signature.replace("</Signature>", f"<Object>{plain}</Object></Signature>")


def wrapping(data: bytes, how: str, name: str) -> bytes:
    """Wrap a document whose element *name* alone is signed, as in "On Breaking SAML" (USENIX Security 2012).

    The ways differ in where the signed element goes and whether the evil one in its place takes its Id;
    ``parked`` is the older form from SOAP, with an unknown header.
    """
    header, signature = element(data, name), element(data, "Signature")
    rest = data.decode().replace(signature, "").replace(header, _PLACE)
    same, fresh = _evil_of(header, "header-1"), _evil_of(header, "header-2")
    around = fresh.replace(f"</{name}>", f"{header}</{name}>")
    made = {
        "XSW1": fresh + _with_object(signature, header),
        "XSW2": fresh + header + signature,
        "XSW3": fresh + signature + header,
        "XSW4": around + signature,
        "XSW5": same + signature + header,
        "XSW6": same + _with_object(signature, header),
        "XSW7": f"<Extensions>{same}</Extensions>" + header + signature,
        "XSW8": fresh + f"<Extensions>{_with_object(signature, header)}</Extensions>",
        "parked": fresh + f'<s:Security xmlns:s="urn:an-toan">{header}</s:Security>' + signature,
    }
    return rest.replace(_PLACE, made[how]).encode()


# --- the doors ------------------------------------------------------------------------------------

_listeners: list[list[str]] = []
_REACHING_OUT = ("open", "socket.connect", "socket.getaddrinfo", "socket.bind", "subprocess.Popen", "os.exec")
_OF_THE_INTERPRETER = (".py", ".pyc", ".so")


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if event in _REACHING_OUT:
        for one in _listeners:
            one.append(f"{event} {arguments[0]}")


sys.addaudithook(_hook)


@contextlib.contextmanager
def nothing_opened() -> Iterator[None]:
    """Fail when a file, a socket or a program is opened meanwhile; modules may still be imported."""
    seen: list[str] = []
    _listeners.append(seen)
    try:
        yield
    finally:
        _listeners.remove(seen)
    outside = [one for one in seen if "site-packages" not in one and not one.endswith(_OF_THE_INTERPRETER)]
    assert outside == []


def errors_of(report: Report) -> set[str]:
    """Give the codes of all errors of a report, those of its signatures included."""
    every = [*report.findings, *(each for one in report.signatures for each in one.findings)]
    return {one.code for one in every if one.severity is Severity.ERROR}


@attrs.frozen
class Doors:
    """The doors that programs use, under one policy; nothing may be opened on behalf of what is judged."""

    policy: Policy

    def verify(self, data: bytes, policy: Policy | None = None) -> Report:
        """Judge octets."""
        with nothing_opened():
            return vnedoc.verify(data, policy or self.policy)

    def passed(self, data: bytes, policy: Policy | None = None) -> Report:
        """Judge octets that are in order: the other half of each attack."""
        report = self.verify(data, policy)
        assert (report.conclusion, report.sub_indication) == (Conclusion.PASSED, None), report.findings
        return report

    def failed(self, data: bytes, reason: SubIndication, *codes: str, policy: Policy | None = None) -> Report:
        """Judge octets that must be FAILED for *reason*, with these errors among others."""
        return self._refused(data, Conclusion.FAILED, reason, codes, policy)

    def undecided(
        self, data: bytes, reason: SubIndication, *codes: str, policy: Policy | None = None
    ) -> Report:
        """Judge octets that must be INDETERMINATE for *reason*, with these errors among others."""
        return self._refused(data, Conclusion.INDETERMINATE, reason, codes, policy)

    def _refused(
        self,
        data: bytes,
        conclusion: Conclusion,
        reason: SubIndication,
        codes: tuple[str, ...],
        policy: Policy | None,
    ) -> Report:
        report = self.verify(data, policy)
        assert (report.conclusion, report.sub_indication) == (conclusion, reason), errors_of(report)
        assert set(codes) <= errors_of(report), errors_of(report)
        if report.kind is FileKind.EDXML:
            # A program never gets to see a header, evil or not, of a message that is refused.
            with nothing_opened(), pytest.raises(VerificationError) as caught:
                vnedoc.open_sealed(data, policy or self.policy)
            assert caught.value.report.conclusion is conclusion
        return report
