"""Documents that want to cost more than they are worth; as a program it judges one and says what that took.

Nobody needs a trusted key for these: a signature with a wrong value, or by a key of one's own, will do.
"""

import resource
import sys
import time

from dsig_samples import DS, EXC_C14N, RSA_SHA256, TIME, XADES, qualifying, reference
from memory_peak import peak

from vnedoc.xml import C14N

SHA3_512 = "http://www.w3.org/2007/05/xmldsig-more#sha3-512"
BODY = "<Body Id='body'/>"
_MANY = 60_000
_NODES = 190_000  # just below the limit


ATTRIBUTED = "<b " + " ".join(f'{a}{b}=""' for a in "abcdefghij" for b in "abcdefghijklmnopqrstuvwx") + "/>"
"""An element with 240 attributes."""


def signature(references: str, *, value: str = "AAAA", key_info: str = "", objects: str = "") -> str:
    """Give a signature that keeps the grammar and that no key has made."""
    return (
        f'<Signature xmlns="{DS}" Id="sig"><SignedInfo><CanonicalizationMethod Algorithm="{EXC_C14N}"/>'
        f'<SignatureMethod Algorithm="{RSA_SHA256}"/>{references.replace("@@", "AAAA")}</SignedInfo>'
        f"<SignatureValue>{value}</SignatureValue>{key_info}{objects}</Signature>"
    )


def part(name: str, method: str = EXC_C14N) -> str:
    """Give a reference to one element."""
    return reference(f'URI="#{name}"', (method,))


def flood_of(signatures: str, inside: str = BODY) -> bytes:
    """Give a document with signatures and content."""
    return f"<Doc>{signatures}{inside}</Doc>".encode()


def _holding(inside: str, signatures: str) -> bytes:
    return flood_of(signatures, inside)


def _nested(method: str) -> bytes:
    """Twenty references to elements inside each other, around many attributes."""
    inside = ATTRIBUTED * 1600
    for number in range(20):
        inside = f"<w Id='w{number}'>{inside}</w>"
    return _holding(inside, signature("".join(part(f"w{number}", method) for number in range(20))))


def _prefixes() -> str:
    names = " ".join(f"p{one}" for one in range(_MANY))
    inclusive = f'<InclusiveNamespaces xmlns="{EXC_C14N}" PrefixList="{names}"/>'
    step = f'<Transform Algorithm="{EXC_C14N}">{inclusive}</Transform>'
    return reference('URI="#body"', (step,))


def _unsigned(inside: str) -> str:
    group = f"<UnsignedSignatureProperties>{inside}</UnsignedSignatureProperties>"
    return qualifying(TIME, after=f"<UnsignedProperties>{group}</UnsignedProperties>")


FLOODS = {
    "one Id many times": lambda: _holding("<a Id='body'/>" * _MANY, signature(part("body") * 20)),
    "many Ids": lambda: _holding(
        "".join(f"<a Id='i{one}'/>" for one in range(_NODES)), signature(part("i1") * 20)
    ),
    "huge Id": lambda: _holding(f"<Body Id='{'b' * 1_000_000}'/>", signature(part("b" * 1_000_000))),
    "nested, exclusive": lambda: _nested(EXC_C14N),
    "nested, inclusive": lambda: _nested(C14N),
    "prefixes": lambda: _holding(BODY, signature(_prefixes() * 15)),
    "signatures over everything": lambda: _holding(
        "<a b='c'/>" * 150_000,
        "".join(
            signature(
                "".join(reference("URI=''", (one,)) for one in (C14N, EXC_C14N)) * 10,
            )
            for _ in range(50)
        ),
    ),
    "objects": lambda: _holding(
        BODY, signature(part("body"), objects="<Object>x<a xmlns=''/></Object>" * _MANY)
    ),
    "properties": lambda: _holding(
        BODY, signature(part("body"), objects=_unsigned("<CertificateValues/>" * (_NODES // 2)))
    ),
    "foreign properties": lambda: _holding(
        BODY, signature(part("body"), objects=_unsigned("<x/>" * (_NODES // 2)))
    ),
    "sets of properties": lambda: _holding(
        BODY,
        signature(
            part("body"),
            objects="<Object>" + f"<QualifyingProperties xmlns='{XADES}'/>" * _MANY + "</Object>",
        ),
    ),
    "keys": lambda: _holding(
        BODY, signature(part("body"), key_info=f"<KeyInfo>{'<KeyName>x</KeyName>' * _MANY}</KeyInfo>")
    ),
    "comments": lambda: _holding("<!-- x -->" * _NODES, signature(reference() * 20)),
    "attributes": lambda: _holding(ATTRIBUTED * 5500, signature(reference() * 20)),
    "digests": lambda: _holding(
        f"<a>{'đ' * 500_000}</a>" * 28, signature(reference(digest=SHA3_512) + reference()) * 20
    ),
    "all at once": lambda: _holding(
        "".join(f"<a Id='i{one}' b='c'>{'đ' * 60}</a>" for one in range(_NODES)),
        signature(part("i1") * 10 + reference() * 10),
    ),
    "text": lambda: _holding(f"<a>{'đ' * 500_000}</a>" * 28, signature(reference() * 20)),
}


def main() -> None:
    """Judge the flood that is named, and print the seconds and the growth in KiB (on Linux)."""
    import vnedoc
    from vnedoc.trust import TrustStore

    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
    policy = vnedoc.Policy.strict(trust=TrustStore())
    vnedoc.verify(_holding(BODY, signature(part("body"))), policy)
    data = FLOODS[sys.argv[1]]()
    before, start = peak(), time.process_time()
    report = vnedoc.verify(data, policy)
    spent = time.process_time() - start
    codes = {one.code for one in report.findings}
    codes |= {each.code for one in report.signatures for each in one.findings}
    grown = peak() - before
    print(spent, grown, report.conclusion.value, *sorted(codes), sep="\t")  # noqa: T201


if __name__ == "__main__":
    main()
