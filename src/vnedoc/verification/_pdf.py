"""Signatures in PDF files, under the same policy as every other format (EN 319 142-1, ISO 32000-2 12.8)."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Sequence

import attrs

from vnedoc.errors import FactValue, VnedocError
from vnedoc.model import (
    Conclusion,
    Covered,
    Finding,
    Level,
    Limits,
    SignatureFormat,
    SignatureReport,
    SubIndication,
    TimeSource,
    Wire,
)
from vnedoc.trust import CheckedCms, SignedData, claimed_signer, time_stamped
from vnedoc.verification._judge import Core, judge
from vnedoc.verification._pdf_cms import Refusal, check, failed, hash_of, parse, undecided
from vnedoc.verification._pdf_reader import Document, Embedded, Locked
from vnedoc.verification._policy import Policy

_PADES, _CMS, _STAMP = "ETSI.CAdES.detached", "adbe.pkcs7.detached", "ETSI.RFC3161"
_FORMATS = {
    _PADES: SignatureFormat.PADES,
    _CMS: SignatureFormat.CMS_PDF,
    _STAMP: SignatureFormat.DOC_TIMESTAMP,
}
_RANGES = 4
_WHITE_SPACE = b"\x00\t\n\x0c\r "
_DATE = re.compile(
    r"D:(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:Z(?:00'?00'?)?|([+-])(\d\d)'?(\d\d)'?)\Z", re.ASCII
)


@attrs.frozen(kw_only=True)
class PdfVerdict:
    """What the signatures of one PDF come to.

    Attributes:
        signatures: One judgement for each filled signature field, in the order of signing.
        findings: What concerns the file rather than one signature.
        conclusion_override: The verdict of the whole file when it could not be read; it stands above those
            of the signatures.
    """

    signatures: tuple[SignatureReport, ...] = ()
    findings: tuple[Finding, ...] = ()
    conclusion_override: tuple[Conclusion, SubIndication] | None = None


def verify_pdf(
    wire: Wire,
    policy: Policy,
    *,
    where: str = "document",
    password: bytes | None = None,
    prefix_id: str = "",
) -> PdfVerdict:
    """Judge every signature of a PDF. Never raises for a bad signature or a hostile file.

    ``Policy.whole_document`` makes no difference here: a PDF signature covers its revision wholly, and later
    revisions may only add signatures and what proves them, or the signature is FAILED.

    Args:
        wire: The PDF.
        policy: What the signatures must meet.
        where: ``document`` or ``attachment:<ContentId>``.
        password: Opens an encrypted PDF; the empty one is always tried.
        prefix_id: Put in front of the ids of the signatures.

    Raises:
        FileError: ``VND-IO-001`` or ``VND-IO-003`` when the file cannot be read from disk.
    """
    if wire.size > policy.limits.file_bytes:
        return _unreadable(_exceeded(where, "file_bytes", policy.limits.file_bytes, wire.size))
    octets = wire.read()
    if not octets.startswith(b"%PDF-"):
        return _unreadable(Finding.error("VND-PDF-001", where))
    try:
        document = Document(octets, policy.limits, password)
        active = document.active_content()
    except Locked:
        finding = Finding.error("VND-PDF-003", where, given=password is not None)
        return PdfVerdict(
            findings=(finding,),
            conclusion_override=(Conclusion.INDETERMINATE, SubIndication.SIGNED_DATA_NOT_FOUND),
        )
    except VnedocError as error:
        return _unreadable(Finding.error(error.code, where, **error.facts))
    filled = sorted(document.filled, key=lambda one: (_end(one), one.field))
    if len(filled) > policy.limits.signatures:
        return _unreadable(_exceeded(where, "signatures", policy.limits.signatures, len(filled)))
    reports: list[SignatureReport] = []
    for number in reversed(range(len(filled))):
        case = _Case(document, octets, filled, number, where, f"{prefix_id}pdf-{number + 1}")
        reports.insert(0, case.judged(policy, reports))
    return PdfVerdict(signatures=tuple(reports), findings=_about(document, active, where))


def _about(document: Document, active: list[str], where: str) -> tuple[Finding, ...]:
    """Say what concerns the file rather than one signature."""
    findings = [Finding.info("VND-PDF-006", where, field=name) for name in document.empty]
    if active:
        findings.append(Finding.warning("VND-PDF-008", where, kinds=active))
    if document.encrypted:
        findings.append(Finding.info("VND-PDF-009", where))
    if document.oddity is not None:
        findings.append(Finding.warning("VND-PDF-010", where, cause=document.oddity))
    if document.hybrid:
        findings.append(Finding.info("VND-PDF-004", where))
    return tuple(findings)


def _unreadable(finding: Finding) -> PdfVerdict:
    return PdfVerdict(
        findings=(finding,), conclusion_override=(Conclusion.FAILED, SubIndication.FORMAT_FAILURE)
    )


def _exceeded(where: str, limit: str, allowed: int, seen: int) -> Finding:
    return Finding.error("VND-PDF-005", where, limit=limit, allowed=allowed, seen=seen)


def _end(signature: Embedded) -> int:
    return sum(signature.byte_range[2:4])


class _Case:
    """The check of one signature: what was found so far, and the steps that are left."""

    def __init__(
        self,
        document: Document,
        octets: bytes,
        signatures: Sequence[Embedded],
        number: int,
        where: str,
        identifier: str,
    ) -> None:
        self._document, self._octets, self._signatures = document, octets, signatures
        self._number = number
        self._signature = signatures[number]
        self._field = self._signature.field
        self._findings: list[Finding] = []
        self._core = Core(
            id=identifier,
            where=where,
            format=_FORMATS.get(self._signature.sub_filter, SignatureFormat.OTHER),
            covers_whole=True,  # whatever is not covered refuses the signature below
        )

    def judged(self, policy: Policy, later: Sequence[SignatureReport]) -> SignatureReport:
        """Check and judge, given the reports on the signatures that were made *later*."""
        painted: list[str] = []
        try:
            self._check(policy.limits)
            painted = self._painted_over(later)
            stands = self._core
        except Refusal as refusal:
            self._findings.append(refusal.finding)
            stands = attrs.evolve(
                self._core, conclusion=refusal.conclusion, sub_indication=refusal.reason, level=None
            )
        except VnedocError as error:  # the reader gave up on a later revision
            self._findings.append(Finding.error(error.code, self._field, **error.facts))
            stands = attrs.evolve(
                self._core,
                conclusion=Conclusion.FAILED,
                sub_indication=SubIndication.FORMAT_FAILURE,
                level=None,
            )
        core = attrs.evolve(stands, findings=tuple(self._findings))
        if core.certificate is None:
            return _unjudged(core)
        report = judge(core, policy)
        if painted and report.conclusion is Conclusion.PASSED:
            finding = Finding.error("VND-PDF-040", self._field, fields=painted)
            return attrs.evolve(
                report,
                conclusion=Conclusion.INDETERMINATE,
                sub_indication=SubIndication.CUSTOM,
                findings=(*report.findings, finding),
            )
        return report

    def _painted_over(self, later: Sequence[SignatureReport]) -> list[str]:
        """Say where later signatures are seen; give the fields of those that nobody vouches for."""
        fields = []
        for one, report in zip(self._signatures[self._number + 1 :], later, strict=True):
            places = self._document.shown(one)
            for place in places:
                facts: dict[str, FactValue] = attrs.asdict(place)
                self._findings.append(Finding.warning("VND-PDF-039", self._field, field=one.field, **facts))
            if places and report.conclusion is not Conclusion.PASSED:
                fields.append(one.field)
        return fields

    def _check(self, limits: Limits) -> None:
        contents = self._container()
        self._covers()
        if self._core.format is SignatureFormat.OTHER:
            raise undecided(
                SubIndication.CUSTOM, "VND-PDF-013", self._field, sub_filter=self._signature.sub_filter
            )
        signed = parse(contents, self._field)
        if any(signed.padding):
            raise failed(SubIndication.FORMAT_FAILURE, "VND-PDF-018", self._field)
        if len(signed.certificates) > limits.certificates:
            finding = _exceeded(self._field, "certificates", limits.certificates, len(signed.certificates))
            raise Refusal(Conclusion.FAILED, SubIndication.FORMAT_FAILURE, finding)
        if self._core.format is SignatureFormat.DOC_TIMESTAMP:
            self._changes()
            raise undecided(SubIndication.CUSTOM, "VND-PDF-032", self._field)
        checked = self._value(signed)
        self._conditions(checked, signed)
        self._changes()
        if checked.policy is not None:
            raise undecided(
                SubIndication.SIGNATURE_POLICY_NOT_AVAILABLE,
                "VND-PDF-036",
                self._field,
                policy=checked.policy,
            )

    # --- the container ---

    def _container(self) -> bytes:
        """Require that the gap of the ByteRange is exactly this signature's ``/Contents``."""
        ranges, size = self._signature.byte_range, len(self._octets)
        if len(ranges) != _RANGES or ranges[0] != 0:
            raise self._bad_range()
        start, end = ranges[1], ranges[2]
        if not 0 < start < start + 2 <= end <= end + ranges[3] <= size:
            raise self._bad_range()
        if any(one.container == self._signature.container for one in self._others()):
            raise failed(SubIndication.FORMAT_FAILURE, "VND-PDF-007", self._field)
        gap = self._octets[start:end]
        tracked = self._signature.gap or (start, end)
        if not (gap[:1] == b"<" and gap[-1:] == b">" and tracked == (start, end)):
            raise failed(SubIndication.FORMAT_FAILURE, "VND-PDF-012", self._field)
        try:
            contents = bytes.fromhex(gap[1:-1].decode("ascii"))
        except ValueError:
            contents = b""
        if not contents or contents != self._signature.contents or 2 * len(contents) + 2 != len(gap):
            raise failed(SubIndication.FORMAT_FAILURE, "VND-PDF-012", self._field)
        return contents

    def _bad_range(self) -> Refusal:
        seen = list(self._signature.byte_range[:8])
        return failed(SubIndication.FORMAT_FAILURE, "VND-PDF-011", self._field, byte_range=seen)

    def _others(self) -> list[Embedded]:
        return [one for one in self._signatures if one is not self._signature]

    def _covers(self) -> None:
        """Require that the signature covers its whole revision, and say what that is."""
        ranges, end = self._signature.byte_range, _end(self._signature)
        self._core = attrs.evolve(self._core, covers=(self._covered(),))
        following = self._signatures[self._number + 1 :]
        if any(len(one.byte_range) == _RANGES and one.byte_range[1] < end for one in following):
            raise failed(SubIndication.FORMAT_FAILURE, "VND-PDF-011", self._field, byte_range=list(ranges))
        if end == len(self._octets) or self._document.oddity is not None:
            return
        rest = self._octets[end:]
        if self._document.is_whole_revision(self._signature, end):
            rest = self._document.unexplained(end)
        if rest:
            code = "VND-PDF-014" if rest.strip(_WHITE_SPACE) else "VND-PDF-038"
            raise failed(SubIndication.FORMAT_FAILURE, code, self._field, octets=len(rest))

    def _covered(self) -> Covered:
        _, start, second, length = self._signature.byte_range
        ends = sorted({_end(one) for one in self._signatures if len(one.byte_range) == _RANGES})
        count = len(ends) + (ends[-1] < len(self._octets))
        return Covered(
            node=f"revision {ends.index(second + length) + 1} of {count}",
            location=f"ByteRange [0 {start} {second} {length}]",
            octets=start + length,
            digest="sha256:" + self._digest("sha256").hex(),
        )

    def _digest(self, name: str) -> bytes:
        _, start, second, length = self._signature.byte_range
        view = memoryview(self._octets)
        hasher = hashlib.new(name, view[:start])
        hasher.update(view[second : second + length])
        return hasher.digest()

    # --- the signature ---

    def _value(self, signed: SignedData) -> CheckedCms:
        self._core = attrs.evolve(
            self._core, certificate=claimed_signer(signed), certificates=signed.certificates
        )
        name = hash_of(signed, self._field)
        self._core = attrs.evolve(self._core, hash_names=(name,))
        covered = self._core.covers[0].digest
        digest = bytes.fromhex(str(covered)[7:]) if name == "sha256" else self._digest(name)
        checked = check(signed, digest, self._field)
        self._core = attrs.evolve(self._core, certificate=checked.certificate, hash_names=checked.hash_names)
        if checked.reordered:
            self._findings.append(Finding.warning("VND-PDF-033", self._field))
        return checked

    def _conditions(self, checked: CheckedCms, signed: SignedData) -> None:
        """Say time and level; refuse a PAdES signature that does not name its certificate."""
        pades = self._core.format is SignatureFormat.PADES
        entry = self._signature.signed_at
        written = _date(entry)
        if entry is not None and written is None:
            self._findings.append(Finding.warning("VND-PDF-035", self._field, seen=entry[:64]))
        when = written or checked.signing_time if pades else checked.signing_time or written
        baseline = pades and checked.ess and written is not None and checked.signing_time is None
        self._core = attrs.evolve(
            self._core,
            signing_time=when,
            time_source=None if when is None else TimeSource.CLAIMED,
            level=Level.B_B if baseline else Level.BASIC,
        )
        if checked.scheme == "rsa":
            self._findings.append(Finding.info("VND-PDF-034", self._field))
        if time_stamped(signed):
            self._findings.append(Finding.info("VND-PDF-031", self._field))
        if pades and not checked.ess:
            raise failed(SubIndication.SIG_CONSTRAINTS_FAILURE, "VND-PDF-027", self._field)

    def _changes(self) -> None:
        """Refuse when a later revision does more than add signatures and what proves them."""
        if _end(self._signature) == len(self._octets):
            return
        if self._document.oddity is not None:
            cause = self._document.oddity
            raise undecided(SubIndication.CUSTOM, "VND-PDF-037", self._field, cause=cause)
        changes = self._document.later_changes(self._signature)
        if changes.refused is not None:
            cause = changes.refused
            raise failed(SubIndication.SIG_CONSTRAINTS_FAILURE, "VND-PDF-015", self._field, cause=cause)
        permission = self._signature.permission
        if changes.beyond:
            cause = f"DocMDP /P {permission}"
            raise failed(SubIndication.SIG_CONSTRAINTS_FAILURE, "VND-PDF-015", self._field, cause=cause)
        if not changes.filled:
            return
        if permission is None:
            fields = list(changes.filled)
            raise failed(SubIndication.SIG_CONSTRAINTS_FAILURE, "VND-PDF-016", self._field, fields=fields)
        self._findings.append(Finding.warning("VND-PDF-017", self._field, fields=list(changes.filled)))


def _unjudged(core: Core) -> SignatureReport:
    """Report what has no signer to judge: a time-stamp, an unknown form, a value that cannot be read."""
    return SignatureReport(
        id=core.id,
        where=core.where,
        conclusion=core.conclusion,
        sub_indication=core.sub_indication,
        format=core.format,
        covers=core.covers,
        findings=core.findings,
    )


def _date(text: str | None) -> dt.datetime | None:
    """Read a PDF date (ISO 32000-2, 7.9.4); one without zone says nothing that can be relied on."""
    match = _DATE.match(text or "")
    if match is None:
        return None
    *moment, sign, hours, minutes = match.groups()
    try:
        offset = dt.timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
        zone = dt.timezone(-offset if sign == "-" else offset)
        return dt.datetime(*map(int, moment), tzinfo=zone)  # type: ignore[arg-type, misc]
    except ValueError:
        return None
