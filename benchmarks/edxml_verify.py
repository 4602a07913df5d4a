"""X4, X6-verify, X7 and X8: a sealed edXML message of 20 and 200 MB verified, its base64 decoded strictly.

The peers only verify. They get the file, or what they take (``str``) made beforehand where the row says so.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lxml import etree

import vnedoc
from benchmarks import fixtures, xml_peers
from benchmarks.edxml import write_message
from benchmarks.runner import CheckFailed, Goal, Group, Row
from vnedoc.workflow import sign_edxml, sign_edxml_file

Case = Callable[[], Any]

_SIZES = {"20": 3_750_000, "200": 37_500_000}
"""Octets of each of the four attachments."""
_FORMS: dict[str, dict[str, Any]] = {
    "lf": {},
    "crlf": {"end": "\r\n", "subject": " &amp; C"},
    "wrapped": {"end": "\r\n", "subject": " &amp; C", "wrapped": True},
}
"""LF; CRLF with an entity reference in the header; that, and base64 in lines of 76 characters."""


def _sealed(folder: Path, form: str, size: str) -> Path:
    return folder / f"sealed-{form}-{size}.edxml"


# --- ours -----------------------------------------------------------------------------------------


def _file(form: str, size: str) -> Callable[[Path], Case]:
    def entry(folder: Path) -> Case:
        path, policy = _sealed(folder, form, size), fixtures.policy(folder)
        return lambda: vnedoc.verify(path, policy)

    return entry


def _judged(form: str, size: str) -> Callable[[Path], Case]:
    """As the peers judge it: a verdict without the digest of the file."""

    def entry(folder: Path) -> Case:
        path, policy = _sealed(folder, form, size), fixtures.policy(folder)
        return lambda: vnedoc.verify(path, policy, digest=False)

    return entry


def _bytes(form: str, size: str) -> Callable[[Path], Case]:
    """The same, of octets in memory."""

    def entry(folder: Path) -> Case:
        data, policy = _sealed(folder, form, size).read_bytes(), fixtures.policy(folder)
        return lambda: vnedoc.verify(data, policy, digest=False)

    return entry


# --- peers ----------------------------------------------------------------------------------------


def _signxml(form: str, size: str) -> Callable[[Path], Case]:
    def entry(folder: Path) -> Case:
        path, verify = _sealed(folder, form, size), xml_peers.signxml_verify(folder)
        return lambda: verify(path.read_bytes())

    return entry


def _xmlsec(form: str, size: str) -> Callable[[Path], Case]:
    def entry(folder: Path) -> Case:
        path, verify = _sealed(folder, form, size), xml_peers.xmlsec_verify_tree(folder)
        return lambda: verify(etree.parse(path, etree.XMLParser(huge_tree=True)).getroot())

    return entry


def _bergshamra(form: str, size: str) -> Callable[[Path], Case]:
    def entry(folder: Path) -> Case:
        path, verify = _sealed(folder, form, size), xml_peers.bergshamra_verify(folder)
        return lambda: verify(path.read_bytes())

    return entry


def _bergshamra_text(form: str, size: str) -> Callable[[Path], Case]:
    def entry(folder: Path) -> Case:
        text = _sealed(folder, form, size).read_bytes().decode()
        verify = xml_peers.bergshamra_verify_text(folder)
        return lambda: verify(text)

    return entry


def _floor(form: str, size: str) -> Callable[[Path], Case]:
    """SHA-256 of the octets in memory, and three public operations, which do not count here."""

    def entry(folder: Path) -> Case:
        data = _sealed(folder, form, size).read_bytes()
        return lambda: hashlib.sha256(data).digest()

    return entry


_KINDS = {
    "vnedoc_file": _file,
    "vnedoc_judged": _judged,
    "vnedoc_bytes": _bytes,
    "signxml": _signxml,
    "xmlsec": _xmlsec,
    "bergshamra": _bergshamra,
    "bergshamra_text": _bergshamra_text,
    "floor": _floor,
}
for _kind, _make in _KINDS.items():
    for _form in _FORMS:
        for _size in _SIZES:
            globals()[f"{_kind}_{_form}_{_size}"] = _make(_form, _size)


# --- documents that are read as a tree ------------------------------------------------------------

_ITEMS = 60_000


def _markup() -> bytes:
    """Short elements with attributes and namespaces, and nothing that could be left in the file: 8 MB."""
    items = "".join(
        f'<m:item xmlns:n="urn:example:n" n:number="{number}" kind="a"><m:name>Đơn vị {number}</m:name>'
        f"<n:code>000.{number:05}.H01</n:code></m:item>\n"
        for number in range(_ITEMS)
    )
    return f'<m:message xmlns:m="urn:example:message">\n{items}</m:message>\n'.encode()


def _marked(folder: Path) -> bytes:
    """Give a message of 20 MB whose base64 has a character reference in each attachment."""
    path = folder / "marked.edxml"
    write_message(path, _SIZES["20"])
    data = path.read_bytes()
    path.unlink()
    return data.replace(b"<ContentTransferEncoded>", b"<ContentTransferEncoded>&#10;")


def vnedoc_verify_markup(folder: Path) -> Case:
    data, policy = (folder / "markup-signed.xml").read_bytes(), fixtures.policy(folder)
    return lambda: vnedoc.verify(data, policy, digest=False)


def vnedoc_verify_marked(folder: Path) -> Case:
    data, policy = (folder / "marked-signed.xml").read_bytes(), fixtures.policy(folder)
    return lambda: vnedoc.verify(data, policy, digest=False)


def xmlsec_verify_markup(folder: Path) -> Case:
    data, verify = (folder / "markup-signed.xml").read_bytes(), xml_peers.xmlsec_verify(folder)
    return lambda: verify(data)


def xmlsec_verify_marked(folder: Path) -> Case:
    data, verify = (folder / "marked-signed.xml").read_bytes(), xml_peers.xmlsec_verify(folder)
    return lambda: verify(data)


def vnedoc_sign_markup(folder: Path) -> Case:
    data, signer = (folder / "markup.xml").read_bytes(), fixtures.signer(folder)
    return lambda: vnedoc.sign_xml(data, signer).read()


def vnedoc_sign_marked(folder: Path) -> Case:
    data, signer = (folder / "marked.xml").read_bytes(), fixtures.signer(folder)
    return lambda: sign_edxml(data, signer).read()


def xmlsec_sign_markup(folder: Path) -> Case:
    data, sign = (folder / "markup.xml").read_bytes(), xml_peers.xmlsec_sign(folder)
    return lambda: sign(data)


def xmlsec_sign_marked(folder: Path) -> Case:
    data, sign = (folder / "marked.xml").read_bytes(), xml_peers.xmlsec_sign(folder)
    return lambda: sign(data)


# --- memory ---------------------------------------------------------------------------------------

_PEAK = """
import sys
from pathlib import Path
import vnedoc
from benchmarks import fixtures
policy = fixtures.policy(Path(sys.argv[1]))

def peak():
    # Not ru_maxrss, which a process inherits from the one that started it.
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))

def verify(path):
    report = vnedoc.verify(path, policy)
    assert report.passed, report

verify(sys.argv[2])
before = peak()
verify(sys.argv[3])
print((peak() - before) * 1024)
"""


def _peak(form: str) -> Callable[[Path], Case]:
    def entry(folder: Path) -> Case:
        small, big = folder / "sealed-small.edxml", _sealed(folder, form, "200")
        _seal(folder, small, 10_000)
        command = [sys.executable, "-c", _PEAK, str(folder), str(small), str(big)]

        def case() -> float:
            return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout) / 1e6

        case.gives_value = True  # type: ignore[attr-defined]
        return case

    return entry


peak_lf = _peak("lf")
peak_crlf = _peak("crlf")
peak_wrapped = _peak("wrapped")


# --- fixtures and cross-checks --------------------------------------------------------------------


def _seal(folder: Path, path: Path, octets: int, **form: Any) -> None:
    plain = path.with_suffix(".plain")
    write_message(plain, octets, **form)
    sign_edxml_file(plain, fixtures.signer(folder), path)
    plain.unlink()


def _prepare(form: str, size: str) -> Callable[[Path], Mapping[str, str]]:
    def prepare(folder: Path) -> Mapping[str, str]:
        fixtures.build(folder)
        path = _sealed(folder, form, size)
        if not path.exists():
            _seal(folder, path, _SIZES[size], **_FORMS[form])
        if size == "20":
            _check(folder, path)
        return {}

    return prepare


def _check(folder: Path, path: Path) -> None:
    """Ours and the peers accept the file, and refuse it with one character of its last attachment changed."""
    policy = fixtures.policy(folder)
    data = bytearray(path.read_bytes())
    good = bytes(data)
    data[-1_000_001] = ord("A") if data[-1_000_001] != ord("A") else ord("B")
    changed, no_base64 = bytes(data), good[:-1_000_001] + b"*" + good[-1_000_000:]
    for digest in (True, False):
        if not vnedoc.verify(path, policy, digest=digest).passed:
            raise CheckFailed("our own sealed file does not pass")
        if not vnedoc.verify(good, policy, digest=digest).passed:
            raise CheckFailed("our own sealed octets do not pass")
        for one in (changed, no_base64):
            if vnedoc.verify(one, policy, digest=digest).passed:
                raise CheckFailed("a changed message passes")
    wrong = xml_peers.wrong_judges(good, changed, folder)
    if wrong is not None:
        raise CheckFailed(wrong)


def _prepare_trees(folder: Path) -> Mapping[str, str]:
    fixtures.build(folder)
    (folder / "markup.xml").write_bytes(_markup())
    (folder / "marked.xml").write_bytes(_marked(folder))
    policy = fixtures.policy(folder)
    for name, sign in (("markup", vnedoc_sign_markup), ("marked", vnedoc_sign_marked)):
        signed = sign(folder)()
        (folder / f"{name}-signed.xml").write_bytes(signed)
        changed = bytearray(signed)
        at = len(signed) - 1_000_001
        while not 48 <= changed[at] < 57:  # a digit that can be made the next one
            at -= 1
        changed[at] += 1
        if not vnedoc.verify(signed, policy).passed:
            raise CheckFailed(f"our own signed {name} does not pass")
        if vnedoc.verify(bytes(changed), policy).passed:
            raise CheckFailed(f"a changed {name} passes")
        wrong = xml_peers.wrong_judges(signed, bytes(changed), folder, "xmlsec")
        if wrong is not None:
            raise CheckFailed(wrong)
    return {}


# --- rows -----------------------------------------------------------------------------------------

_SELF = "benchmarks.edxml_verify:"
_ONLY = "the peer only verifies, and decodes nothing"
_NO_DIGEST = "the digest of the file left out"


def _groups(form: str, size: str) -> tuple[Group, Group]:
    """Give the rows against peers, and those of what everybody gets who asks for nothing."""
    family = "X4" if form == "lf" else f"X4-{form}"
    name = f"{family}-{size}MB"
    peers = Group(
        id=family,
        ours=f"{_SELF}vnedoc_judged_{form}_{size}",
        rows=(
            Row(name, "python-xmlsec", f"{_SELF}xmlsec_{form}_{size}", Goal(">=", 3.5), _ONLY, "xmlsec"),
            Row(
                f"{name}-signxml", "signxml", f"{_SELF}signxml_{form}_{size}", Goal(">=", 6), _ONLY, "signxml"
            ),
            Row(
                f"{name}-bergshamra",
                "pybergshamra",
                f"{_SELF}bergshamra_{form}_{size}",
                Goal(">=", 1.5),
                f"{_ONLY}; the file read and decoded to str in the measured time",
                "pybergshamra",
            ),
            Row(f"{name}-floor", "SHA-256", f"{_SELF}floor_{form}_{size}", Goal("<=", 1.8), _NO_DIGEST),
        ),
        prepare=_prepare(form, size),
    )
    whole = Group(
        id=f"{family}-digest",
        ours=f"{_SELF}vnedoc_file_{form}_{size}",
        rows=(
            Row(
                f"{family}-digest-{size}MB",
                "python-xmlsec",
                f"{_SELF}xmlsec_{form}_{size}",
                Goal(">=", 2.5),
                f"the digest of the whole file in the report; {_ONLY}",
                "xmlsec",
            ),
        ),
        prepare=_prepare(form, size),
    )
    return peers, whole


def _bytes_group(size: str, goal: float) -> Group:
    return Group(
        id="X8-verify",
        ours=f"{_SELF}vnedoc_bytes_lf_{size}",
        rows=(
            Row(
                f"X8-verify-{size}MB",
                "pybergshamra",
                f"{_SELF}bergshamra_lf_{size}",
                Goal(">=", goal),
                f"{_NO_DIGEST}; octets in memory; {_ONLY}",
                "pybergshamra",
            ),
            Row(
                f"X8-verify-{size}MB-str",
                "pybergshamra",
                f"{_SELF}bergshamra_text_lf_{size}",
                Goal(">=", goal),
                f"{_NO_DIGEST}; octets in memory; it gets a str made beforehand",
                "pybergshamra",
            ),
        ),
        prepare=_prepare("lf", size),
    )


def _tree_group(act: str, document: str) -> Group:
    return Group(
        id="X7",
        ours=f"{_SELF}vnedoc_{act}_{document}",
        rows=(
            Row(
                f"X7-{act}-{document}",
                "python-xmlsec",
                f"{_SELF}xmlsec_{act}_{document}",
                Goal(">=", 1),
                "8 MB of short elements" if document == "markup" else "20 MB, references in the base64",
                "xmlsec",
            ),
        ),
        prepare=_prepare_trees,
    )


GROUPS = (
    *(group for form in _FORMS for size in _SIZES for group in _groups(form, size)),
    _bytes_group("20", 1),
    _bytes_group("200", 1.5),
    *(_tree_group(act, document) for act in ("verify", "sign") for document in ("markup", "marked")),
    *(
        Group(
            id="X6-verify",
            ours=f"{_SELF}peak_{form}",
            rows=(Row(f"X6-verify-{form}", "1 MB", "benchmarks.edxml_write:one", Goal("<=", 16)),),
            prepare=_prepare(form, "200"),
            unit="MB over start",
        )
        for form in _FORMS
    ),
)
