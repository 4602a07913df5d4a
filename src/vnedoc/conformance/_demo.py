"""The main job, played end to end with throwaway keys: sign, seal, send, receive, verify, answer.

The layout of the folder is a contract: ``trust/*.pem`` (anchors only), ``certs/*.pem``, ``crl/*.crl``,
``keys/``, ``letter.pdf``, ``document.pdf``, ``sealed.edxml``, ``unsealed.edxml``, ``rewritten.edxml``,
``status-01.edxml``, ``status-03.edxml``, ``sender.db``, ``receiver.db``, ``report.html``.
A second run reuses what is there.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from vnedoc.conformance._letter import Letter, make_letter
from vnedoc.conformance._pki import Authority, Credential, FakePki, PrivateKey, to_pem
from vnedoc.conformance._rewrite import rewrite_as_the_axis_does
from vnedoc.edxml import EdXmlCodec
from vnedoc.errors import FileError, MissingExtra
from vnedoc.exchange import Exchange, open_store
from vnedoc.model import (
    PDF_TYPE,
    VIETNAM,
    Acceptance,
    AdministrativeType,
    Attachment,
    Blob,
    DocumentCode,
    DocumentId,
    DocumentType,
    Envelope,
    MessageKind,
    OtherInfo,
    Parcel,
    Party,
    Priority,
    Received,
    Report,
    SignerInfo,
    StatusCode,
    TraceHeader,
    Wire,
)
from vnedoc.report import to_html, to_text
from vnedoc.signing import KeySigner
from vnedoc.transport import Carrier, open_transport
from vnedoc.verification import Policy
from vnedoc.workflow import PolicyOpener, answer, open_sealed, seal, sign_pdf, unsealed, verify

if TYPE_CHECKING:
    from vnedoc.exchange import Store

Say = Callable[[str], None]

SENDER = Party("H99.1", "Sở Thử nghiệm A", in_charge="UBND tỉnh Thí Điểm", email="vanthu@sta.example.vn")
RECEIVER = Party("H99.2", "Sở Thử nghiệm B", in_charge="UBND tỉnh Thí Điểm", email="vanthu@stb.example.vn")
PERSON = "Nguyễn Văn An"
PASSPHRASE = "secret"  # noqa: S105 - throwaway, and printed by the demo
"""Of ``keys/agency.p12``; the PEM keys have none."""
SUBJECT = "V/v gửi, nhận văn bản điện tử có ký số"

_TEXT = {
    "vi": {
        "keys": "Tạo CA thử, CRL và khóa của hai cơ quan",
        "keys_again": "Dùng lại khóa đã có, phát hành CRL mới",
        "pdf": "Người có thẩm quyền ký, rồi cơ quan ký văn bản PDF",
        "seal": "Đóng gói edXML và ký phong bì",
        "send": "Bên gửi: vào hộp đi (bền vững), rồi gửi",
        "receive": "Bên nhận: kiểm tra chữ ký, thu hồi; tiếp nhận; trả trạng thái 01 và 03",
        "status": "Bên gửi: nhận trạng thái",
        "again": "Gửi lại đúng các byte cũ qua đường khác: chỉ một tác dụng",
        "others": "Hai gói theo đường khác: không có chữ ký phong bì; trục đã ghi lại",
        "report": "Báo cáo cho người đọc",
        "look": "xem",
        "done": "Xong. Thử tiếp:",
        "copies": "số bản nhận được",
    },
    "en": {
        "keys": "Make a throwaway CA, revocation lists and the keys of two agencies",
        "keys_again": "Use the keys that are there, issue new revocation lists",
        "pdf": "The official signs the PDF, then the agency does",
        "seal": "Pack as edXML and sign the envelope",
        "send": "Sender: into the durable outbox, then out",
        "receive": "Receiver: verify with revocation, take in, answer 01 and 03",
        "status": "Sender: take in the statuses",
        "again": "The same bytes once more over another road: one effect",
        "others": "Two messages over other routes: no envelope signature; rewritten by the axis",
        "report": "A report for people",
        "look": "look at",
        "done": "Done. Go on with:",
        "copies": "copies received",
    },
}


@attrs.frozen(kw_only=True)
class _Cast:
    """Who plays, and with which keys."""

    pki: FakePki
    person: KeySigner
    sender: KeySigner
    receiver: KeySigner


def run_demo(folder: Path, *, lang: str = "vi", say: Say = print) -> None:
    """Play the main job in *folder*, which is made if need be and left for the reader.

    Args:
        folder: Where the files go; a second run reuses its keys, document and message.
        lang: ``vi`` or ``en``.
        say: Takes each line of the story.

    Raises:
        MissingExtra: An optional part is not installed.
        VerificationError: Something that must verify did not.
        FileError: The folder cannot be written.
    """
    if find_spec("sqlalchemy") is None or find_spec("reportlab") is None:
        raise MissingExtra.of("demo", "the demo")
    words = _TEXT[lang]
    step = _Steps(say, words)
    for name in ("trust", "certs", "crl", "keys", "mail"):
        _make(folder / name)
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)

    again = (folder / "keys" / "root.pem").exists()
    cast = _load_cast(folder, now) if again else _make_cast(folder, now)
    step("keys_again" if again else "keys", folder / "trust", folder / "crl", folder / "keys")

    letter = _once(folder / "letter.pdf", lambda: _letter(now))
    document = _once(folder / "document.pdf", lambda: _signed(letter, cast))
    step("pdf", folder / "document.pdf")
    sealed = _once(folder / "sealed.edxml", lambda: seal(_envelope(document, 15, now), cast.sender))
    step("seal", folder / "sealed.edxml")

    policy = Policy.strict(trust=cast.pki.trust(), revocation=cast.pki.revocation())
    road = open_transport(f"folder:{folder / 'mail'}")
    sender_store = open_store(folder / "sender.db")
    receiver_store = open_store(folder / "receiver.db")
    with sender_store, receiver_store:
        opener = PolicyOpener(policy=policy)
        ours = Exchange(sender_store, road, EdXmlCodec(), opener, SENDER.organ_id)
        theirs = Exchange(receiver_store, road, EdXmlCodec(), opener, RECEIVER.organ_id)
        ours.enqueue(sealed)
        ours.send_due()
        step("send", folder / "sender.db", folder / "mail")

        theirs.collect()
        _answer(folder, cast, theirs, open_sealed(sealed, policy), now)
        step("receive", folder / "receiver.db", folder / "status-01.edxml", folder / "status-03.edxml")

        ours.collect()
        step("status", folder / "sender.db")
        for entry in ours.outbox():
            state = _state(entry.business_state, lang)
            grade = entry.business_evidence.value if entry.business_evidence else "-"
            say(f"      {entry.document_id} → {entry.recipient}: {state} ({grade})")

        _others(folder, cast, policy, receiver_store, document, now)
        step("others", folder / "unsealed.edxml", folder / "rewritten.edxml")
        if again:
            _deliver_again(folder, sealed, receiver_store, opener)
            step("again", folder / "receiver.db")
        for one in theirs.inbox():
            say(f"      {one.document_id}: {words['copies']} {one.copies}")

    reports = _reports(folder, policy)
    Blob.from_bytes(to_html(reports, lang).encode()).save(folder / "report.html")
    step("report", folder / "report.html")
    say(to_text(reports[:1], lang).rstrip())
    for report in reports:
        report.require()
    say(words["done"])
    say(
        f"  vnedoc verify {folder / 'sealed.edxml'} --trust {folder / 'trust'} --cert {folder / 'certs'} "
        f"--crl {folder / 'crl'}"
    )


def _state(code: StatusCode | None, lang: str) -> str:
    if code is None:
        return "-"
    return f"{code.value} {code.vietnamese if lang == 'vi' else code.name.lower()}"


class _Steps:
    """Numbers the steps, and names what to look at."""

    def __init__(self, say: Say, words: dict[str, str]) -> None:
        self._say = say
        self._words = words
        self._number = 0

    def __call__(self, what: str, *paths: Path) -> None:
        self._number += 1
        self._say(f"{self._number:2}. {self._words[what]}")
        self._say(f"      {self._words['look']}: {', '.join(str(one) for one in paths)}")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(
            "VND-IO-002",
            f"cannot make the folder: {error.strerror or error}",
            path=str(folder),
            hint="check the path and its permissions",
            facts={"reason": error.strerror or str(error)},
        ) from error


def _once(path: Path, make: Callable[[], Wire]) -> Wire:
    """Give the file when it is there, else make it: a second run must send the very same bytes."""
    if not path.exists():
        make().save(path)
    return Wire.from_file(path)


# --- keys -----------------------------------------------------------------------------------------


def _make_cast(folder: Path, now: dt.datetime) -> _Cast:
    pki = FakePki.create(at=now, name="dùng thử")
    people = {
        "person": pki.issue(PERSON, organization=SENDER.name),
        "sender": pki.issue(SENDER.name, organization=SENDER.in_charge),
        "receiver": pki.issue(RECEIVER.name, organization=RECEIVER.in_charge),
    }
    for name, authority in (("issuing", pki.issuing), ("root", pki.root)):
        for_keys = Credential(authority.certificate, authority.key)
        _secret(folder / "keys" / f"{name}.pem", for_keys.pem())
    for name, one in people.items():
        _secret(folder / "keys" / f"{name}.pem", one.pem())
        Blob.from_bytes(to_pem(one.der)).save(folder / "certs" / f"{name}.pem")
    _secret(folder / "keys" / "agency.p12", people["sender"].pkcs12(PASSPHRASE))
    Blob.from_bytes(to_pem(pki.root.der)).save(folder / "trust" / "root.pem")
    Blob.from_bytes(to_pem(pki.issuing.der)).save(folder / "certs" / "issuing.pem")
    _publish(pki, folder)
    return _Cast(pki=pki, **{name: one.signer() for name, one in people.items()})


def _load_cast(folder: Path, now: dt.datetime) -> _Cast:
    keys = folder / "keys"
    root, issuing = (_authority((keys / f"{name}.pem").read_bytes()) for name in ("root", "issuing"))
    pki = FakePki(root, issuing, now)
    _publish(pki, folder)
    people = {name: KeySigner.from_pem(keys / f"{name}.pem") for name in ("person", "sender", "receiver")}
    return _Cast(pki=pki, **people)


def _authority(pem: bytes) -> Authority:
    key: PrivateKey = serialization.load_pem_private_key(pem, None)  # type: ignore[assignment]
    return Authority(x509.load_pem_x509_certificates(pem)[0], key)


def _publish(pki: FakePki, folder: Path) -> None:
    for name, crl in zip(("root", "issuing"), pki.crls(), strict=True):
        Blob.from_bytes(crl).save(folder / "crl" / f"{name}.crl")


def _secret(path: Path, octets: bytes) -> None:
    """Write a key so that only its owner can read it, as people should do with real ones."""
    path.touch(mode=0o600)
    Blob.from_bytes(octets).save(path).chmod(0o600)


# --- the document ---------------------------------------------------------------------------------


def _signed(letter: Wire, cast: _Cast) -> Wire:
    return sign_pdf(sign_pdf(letter, cast.person), cast.sender)


def _letter(now: dt.datetime) -> Wire:
    octets = make_letter(
        Letter(
            parent=SENDER.in_charge or "",
            agency=SENDER.name,
            code="15/STNA-VP",
            place="Thí Điểm",
            date=now.astimezone(VIETNAM).date(),
            subject=SUBJECT,
            addressee=RECEIVER.name,
            body=(
                (
                    f"Thực hiện kế hoạch thí điểm gửi, nhận văn bản điện tử, {SENDER.name} gửi văn bản này "
                    "kèm chữ ký số của người có thẩm quyền và của cơ quan."
                ),
                (
                    f"Đề nghị {RECEIVER.name} kiểm tra chữ ký số, tiếp nhận và phản hồi trạng thái xử lý "
                    "trên phần mềm quản lý văn bản./."
                ),
            ),
            title="Giám đốc",
            signer=PERSON,
            recipients=("Như trên;", "Lưu: VT."),
        )
    )
    return Wire.from_bytes(octets, PDF_TYPE)


def _envelope(document: Wire, number: int, now: dt.datetime) -> Envelope:
    code = DocumentCode(str(number), "STNA-VP")
    date = now.astimezone(VIETNAM).date()
    return Envelope(
        sender=SENDER,
        receivers=[RECEIVER],
        document_id=DocumentId(f"{SENDER.organ_id},{date:%Y/%m/%d},{code}"),
        code=code,
        place="Thí Điểm",
        date=date,
        type=DocumentType.of(AdministrativeType.OFFICIAL_LETTER),
        subject=SUBJECT,
        signer=SignerInfo(position="Giám đốc", full_name=PERSON),
        other=OtherInfo(priority=Priority.NORMAL, pages=1),
        to_places=("Như trên", "Lưu: VT"),
        traces=(TraceHeader(organ_id=str(SENDER.organ_id), timestamp=now.astimezone(VIETNAM)),),
        attachments=(
            Attachment(
                name="cong-van-15.pdf",
                blob=document.blob,
                content_id="van-ban-chinh",
                content_type="application/pdf",
            ),
        ),
    )


# --- the exchange ---------------------------------------------------------------------------------


def _answer(folder: Path, cast: _Cast, theirs: Exchange, received: Received, now: dt.datetime) -> None:
    """Answer 01 on arrival and 03 when the letter is in the incoming book."""
    envelope = received.envelope

    def say(code: StatusCode) -> None:
        status = answer(envelope, code, sender=RECEIVER, at=now.astimezone(VIETNAM))
        theirs.enqueue(_once(folder / f"status-{code.value}.edxml", lambda: seal(status, cast.receiver)))
        theirs.send_due()

    say(StatusCode.ARRIVED)
    theirs.register(str(envelope.document_id), sender=envelope.sender.organ_id)
    say(StatusCode.RECEIVED)


def _others(
    folder: Path, cast: _Cast, policy: Policy, receiver_store: Store, document: Wire, now: dt.datetime
) -> None:
    """Take in what today's traffic looks like, each under the rule of its route."""
    plain = _once(folder / "unsealed.edxml", lambda: unsealed(_envelope(document, 16, now)))
    axis = _once(
        folder / "rewritten.edxml",
        lambda: rewrite_as_the_axis_does(seal(_envelope(document, 17, now), cast.sender), at=now),
    )
    for name, wire, rule in (
        ("attachments", plain, Acceptance.ATTACHMENTS),
        ("rewritten", axis, Acceptance.REWRITTEN),
    ):
        road = _road(folder, name)
        opener = PolicyOpener(policy=policy, acceptance=rule)
        theirs = Exchange(receiver_store, road, EdXmlCodec(), opener, RECEIVER.organ_id, route=name)
        _drop(road, wire)
        theirs.collect()


def _deliver_again(folder: Path, sealed: Wire, receiver_store: Store, opener: PolicyOpener) -> None:
    road = _road(folder, "again")
    _drop(road, sealed)
    Exchange(receiver_store, road, EdXmlCodec(), opener, RECEIVER.organ_id, route="again").collect()


def _road(folder: Path, name: str) -> Carrier:
    path = folder / f"mail-{name}"
    _make(path)
    return open_transport(f"folder:{path}")


def _drop(road: Carrier, wire: Wire) -> None:
    """Deliver a message as a correspondent without this library would."""
    road.send(
        Parcel(
            idempotency_key=uuid.uuid4().hex,
            attempt_id=uuid.uuid4().hex,
            document_id="-",
            kind=MessageKind.DOCUMENT,
            sender=SENDER.organ_id,
            recipient=RECEIVER.organ_id,
            wire=wire,
            created_at=dt.datetime.now(dt.UTC),
        ),
        deadline=10,
    )


def _reports(folder: Path, policy: Policy) -> list[Report]:
    rules = {"unsealed.edxml": Acceptance.ATTACHMENTS, "rewritten.edxml": Acceptance.REWRITTEN}
    names = (
        "sealed.edxml",
        "document.pdf",
        "unsealed.edxml",
        "rewritten.edxml",
        "status-01.edxml",
        "status-03.edxml",
    )
    return [
        verify(folder / name, policy, acceptance=rules.get(name, Acceptance.SEALED), file=name)
        for name in names
    ]
