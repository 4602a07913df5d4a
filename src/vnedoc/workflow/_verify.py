"""One verdict for any file: PDF, XML, or edXML with everything inside it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import attrs

from vnedoc.edxml import is_edxml
from vnedoc.errors import ConfigError, DecodeError, FileError, InputError, LimitExceeded, VnedocError
from vnedoc.model import (
    Acceptance,
    Attachment,
    Blob,
    Conclusion,
    Evidence,
    FileKind,
    Finding,
    Limits,
    Received,
    Report,
    SignatureReport,
    SubIndication,
    Wire,
    worst,
)
from vnedoc.verification import Policy, foreign_signatures, seal_findings, verify_xml
from vnedoc.workflow._acceptance import Accepted, Seen, apply
from vnedoc.workflow._source import (
    Contents,
    Glance,
    Source,
    as_wire,
    contents_of,
    glance,
    is_large,
    is_unread,
    kind_of,
    name_of,
    require_policy,
)
from vnedoc.xml import XmlDocument, looks_like_xml, parse

if TYPE_CHECKING:
    from vnedoc.dsig import Resolver
    from vnedoc.edxml import Decoded
    from vnedoc.workflow._large import LargeMessage

_XMLDSIG = b"http://www.w3.org/2000/09/xmldsig#"


def verify(
    source: Source,
    policy: Policy,
    *,
    acceptance: Acceptance = Acceptance.SEALED,
    main: str | None = None,
    password: str | None = None,
    file: str | None = None,
    digest: bool = True,
    resolver: Contents = None,
) -> Report:
    """Judge a PDF, XML or edXML file; what it is is decided by its content.

    Args:
        source: Bytes, path or ``Wire``.
        policy: What its signatures must meet.
        acceptance: The rule for an edXML message.
        main: ContentId of an edXML message's main document; default the first PDF in the manifest.
        password: Of an encrypted PDF.
        file: Name for the report; default the path as given.
        digest: ``False`` leaves the digest of the whole file out of the report, which for a large message is
            half of the work.
        resolver: What an XML signature covers outside of its document: ``{uri: content}``, or a function that
            is given the URI (``None`` for a reference without one) and gives the content, ``None`` for what
            it does not have. A content is bytes, a path, a ``Wire`` or a ``Blob``. The URI is the sender's;
            nothing else is ever looked up.

    Returns:
        The report with every finding. A bad signature, a malformed or a hostile file is a report too.

    Raises:
        FileError: When a file cannot be read.
        ConfigError: ``VND-FLOW-026``, *resolver* or what it gives is of another kind; ``VND-FLOW-027``,
            another argument is.
    """
    return examine(
        as_wire(source, unread=True),
        policy,
        acceptance=acceptance,
        main=main,
        password=password,
        digest=digest,
        contents=False,
        resolver=contents_of(resolver),
        file=file if file is not None else name_of(source),
    ).report


def open_sealed(
    source: Source,
    policy: Policy,
    *,
    acceptance: Acceptance = Acceptance.SEALED,
    main: str | None = None,
    password: str | None = None,
) -> Received:
    """Judge an edXML message and read it from the same bytes, in one parse.

    Args:
        source: Bytes, path or ``Wire``.
        policy: What its signatures must meet.
        acceptance: The rule of the route that it came over.
        main: ContentId of the main document; default the first PDF in the manifest.
        password: Of encrypted PDF attachments.

    Returns:
        The message with its report. Where *acceptance* is not ``SEALED`` an unsigned status, or another
        message without attachments, is taken as ``Evidence.CLAIMED`` though its report is INDETERMINATE.

    Raises:
        VerificationError: The acceptance rule does not hold; the report is attached.
        DecodeError: It is no edXML message.
        FileError: A file cannot be read.
    """
    wire = as_wire(source)
    examined = examine(
        wire, policy, acceptance=acceptance, main=main, password=password, file=name_of(source)
    )
    report = examined.report
    if any(one.code == "VND-FLOW-004" for one in report.findings):  # too large to see what it is
        raise report.refusal()
    if report.kind is not FileKind.EDXML:
        raise DecodeError(
            "VND-FLOW-005",
            f"not an edXML message but {report.kind.value}",
            path=report.file,
            hint="use verify for a PDF or another XML file",
            facts={"kind": report.kind.value},
        )
    if examined.accepted is None or examined.decoded is None or not examined.accepted.taken:
        raise report.refusal()
    return Received._make(
        wire=wire,
        message=examined.decoded.message,
        report=report,
        evidence=examined.accepted.evidence,
        acceptance=acceptance,
        coverage=_coverage(report, examined.accepted.evidence),
    )


@attrs.frozen(kw_only=True)
class Examined:
    """A report with the parts that it was made from.

    Attributes:
        report: The judgement.
        decoded: The message, when it is edXML that could be read.
        accepted: What the acceptance rule said of it.
        malformed: Whether reading stopped, so that nothing more could be looked at.
    """

    report: Report
    decoded: Decoded | None = None
    accepted: Accepted | None = None
    malformed: bool = False


def examine(
    wire: Wire,
    policy: Policy,
    *,
    acceptance: Acceptance,
    main: str | None,
    password: str | None,
    digest: bool = True,
    contents: bool = True,
    resolver: Resolver | None = None,
    file: str | None = None,
) -> Examined:
    """Judge *wire* at one moment; only what is wrong with files and arguments is raised.

    Args:
        wire: What to judge. That of a file whose digest is not known yet has an empty one.
        policy: What its signatures must meet.
        acceptance: The rule for an edXML message.
        main: ContentId of an edXML message's main document.
        password: Of an encrypted PDF.
        digest: Put the digest of the whole into the report.
        contents: Take the digest of each attachment, for those who read them later.
        resolver: Gives what the signatures of an XML file that is no message cover outside of it.
        file: Name for the report.
    """
    require_policy(policy)
    if policy.at is None:
        policy = attrs.evolve(policy, at=policy.time())
    secret = None if password is None else password.encode()
    base = _Draft(policy, file=file, size=wire.size)
    if is_unread(wire):
        large = _large(base, wire, policy, acceptance, main, secret, digest=digest, contents=contents)
        if large is not None and not large.malformed:
            return large
        wire = Wire.from_file(str(wire.blob.path), wire.content_type)  # for a report of these very octets
    base = _Draft(policy, file=file, size=wire.size, digest=wire.digest if digest else None)
    unfit = _unfit(wire.size, policy.limits)
    if unfit is not None:
        return base.unread(unfit)
    large = _large(base, wire, policy, acceptance, main, secret, digest=False, contents=contents)
    return large or _examine_whole(base, wire, policy, acceptance, main, secret, resolver)


class _Draft:
    """What a report says before its conclusion is known.

    Attributes:
        kind: As far as it is known.
        acceptance: ``None`` for a file that is no message.
        size: Octets.
        digest: Of the file; ``None`` when it is left out.
    """

    def __init__(self, policy: Policy, *, file: str | None, size: int, digest: str | None = None) -> None:
        self.kind = FileKind.UNKNOWN
        self.acceptance: Acceptance | None = None
        self.size = size
        self.digest = digest
        self._policy = policy
        self._file = file

    def report(
        self,
        conclusion: Conclusion,
        reason: SubIndication | None,
        signatures: tuple[SignatureReport, ...],
        findings: tuple[Finding, ...],
    ) -> Report:
        """Give the report."""
        policy = self._policy
        return Report(
            kind=self.kind,
            conclusion=conclusion,
            sub_indication=reason,
            signatures=signatures,
            findings=findings,
            file=self._file,
            digest=self.digest,
            size=self.size,
            policy=policy.name,
            checked_at=policy.at,
            acceptance=self.acceptance,
            revocation="require" if policy.require_revocation else "if-available",
            covers="document" if policy.whole_document else "element",
        )

    def unread(self, finding: Finding) -> Examined:
        """Give what becomes of a file that cannot be read."""
        report = self.report(Conclusion.FAILED, SubIndication.FORMAT_FAILURE, (), (finding,))
        return Examined(report=report, malformed=True)


def _unfit(size: int, limits: Limits) -> Finding | None:
    """Say why a file of that size is not looked at."""
    if size > limits.file_bytes:
        return _as_finding(LimitExceeded.of("VND-FLOW-004", "file_bytes", limits.file_bytes, size))
    return None if size else Finding.error("VND-FLOW-002")


def _examine_whole(
    base: _Draft,
    wire: Wire,
    policy: Policy,
    acceptance: Acceptance,
    main: str | None,
    secret: bytes | None,
    resolver: Resolver | None,
) -> Examined:
    """Judge what is taken into memory."""
    data = wire.read()
    base.kind = kind_of(data)
    if base.kind is FileKind.UNKNOWN:
        from vnedoc.edxml import sniff_type

        found = Finding.error("VND-FLOW-001", first_bytes=data[:8].hex(" "), type=sniff_type(data[:64]))
        return base.unread(found)
    try:
        if base.kind is FileKind.PDF:
            return Examined(report=_pdf(base, wire, policy, secret))
        if not looks_like_xml(data):  # MIME, the form of 2014
            document = None
        else:
            document = parse(data, policy.limits)
            if not is_edxml(document):
                signatures = verify_xml(document, policy, resolver=resolver)
                base.kind = FileKind.XML
                return Examined(report=_conclude(base, signatures))
        base.kind, base.acceptance = FileKind.EDXML, acceptance
        return _edxml(base, wire if document is None else document, policy, acceptance, main, secret)
    except (ConfigError, FileError):
        raise
    except VnedocError as error:
        return base.unread(_as_finding(error))


def _large(
    base: _Draft,
    wire: Wire,
    policy: Policy,
    acceptance: Acceptance,
    main: str | None,
    password: bytes | None,
    *,
    digest: bool,
    contents: bool,
) -> Examined | None:
    """Judge a large edXML message without a tree of its attachments; ``None`` when it is none.

    Where a tree may be made, that one says what is wrong with a message that cannot be read.
    """
    if not is_large(wire.size, policy.limits) or _unfit(wire.size, policy.limits) is not None:
        return None
    from vnedoc.workflow._large import read_large

    base = copy.copy(base)  # it may be something else after all
    base.kind = FileKind.EDXML
    try:
        message = read_large(wire, policy.limits, digest=digest, contents=contents)
        if message is None:
            return None
        base.acceptance, base.size = acceptance, message.streamed.size
        if digest:
            base.digest = message.streamed.digest
        return _edxml(base, message, policy, acceptance, main, password)
    except FileError:
        raise
    except VnedocError as error:
        if wire.size <= policy.limits.tree_bytes:
            return None
        return base.unread(_as_finding(error))


def _as_finding(error: VnedocError) -> Finding:
    return Finding.error(error.code, error.path, **error.facts)


def _conclude(
    base: _Draft, signatures: tuple[SignatureReport, ...], findings: tuple[Finding, ...] = ()
) -> Report:
    if signatures:
        conclusion, reason = worst((one.conclusion, one.sub_indication) for one in signatures)
    else:
        conclusion, reason = Conclusion.INDETERMINATE, SubIndication.NO_SIGNATURE
        findings += (Finding.error("VND-FLOW-003"),)
    return base.report(conclusion, reason, signatures, findings)


def _pdf(base: _Draft, wire: Wire, policy: Policy, password: bytes | None) -> Report:
    from vnedoc.verification import verify_pdf

    verdict = verify_pdf(wire, policy, password=password)
    if verdict.conclusion_override is None:
        return _conclude(base, verdict.signatures, verdict.findings)
    conclusion, reason = worst(
        [verdict.conclusion_override, *((one.conclusion, one.sub_indication) for one in verdict.signatures)]
    )
    return base.report(conclusion, reason, verdict.signatures, verdict.findings)


def _edxml(
    base: _Draft,
    source: XmlDocument | LargeMessage | Wire,
    policy: Policy,
    acceptance: Acceptance,
    main: str | None,
    password: bytes | None,
) -> Examined:
    from vnedoc.edxml import EdXmlCodec, decode_document

    envelope: tuple[SignatureReport, ...] = ()
    if isinstance(source, Wire):
        # A SOAP part is wrapped in what no signature covers, so one in its header is none of ours.
        decoded = EdXmlCodec(policy.limits).decode(source)
        foreign: tuple[str, ...] = ("Signature",) * decoded.seals
        shape: tuple[Finding, ...] = ()
    else:
        # An envelope signature covers the whole message or it proves nothing about it.
        large = None if isinstance(source, XmlDocument) else source
        document = source if isinstance(source, XmlDocument) else source.document
        whole = attrs.evolve(policy, whole_document=True)
        envelope = verify_xml(
            document, whole, where="envelope", pieces=None if large is None else large.pieces
        )
        decoded = decode_document(document, policy.limits) if large is None else large.decoded()
        foreign, shape = foreign_signatures(document), seal_findings(document)
    files: tuple[Attachment, ...] = getattr(decoded.message, "attachments", ())
    inside: list[SignatureReport] = []
    unjudged: list[tuple[Conclusion, SubIndication | None]] = []
    findings: list[Finding] = list(decoded.findings)
    signed: set[int] = set()
    kinds: list[FileKind] = []
    for place, one in enumerate(files):
        look = glance(one.blob)
        kinds.append(look.kind)
        signatures, seen, verdict = _attachment(one, look, policy, password, f"attachment-{place + 1}-")
        if signatures or verdict is not None:
            signed.add(place)
        inside += signatures
        findings += seen
        unjudged += [] if verdict is None else [verdict]
    accepted = apply(
        acceptance,
        Seen(
            envelope=envelope,
            attachments=tuple(inside),
            unjudged=tuple(unjudged),
            files=files,
            main=_main_of(files, kinds, main),
            signed=frozenset(signed),
            foreign=foreign,
            shape=shape,
            odd=decoded.findings,
            sender=decoded.message.sender.organ_id.value,
        ),
    )
    report = base.report(
        accepted.conclusion,
        accepted.sub_indication,
        (*envelope, *inside),
        (*findings, *accepted.findings),
    )
    return Examined(report=report, decoded=decoded, accepted=accepted)


def _main_of(files: tuple[Attachment, ...], kinds: list[FileKind], named: str | None) -> int | None:
    """Find the main document: the one that the caller names, else the first PDF in manifest order."""
    for place, one in enumerate(files):
        if one.content_id == named if named is not None else kinds[place] is FileKind.PDF:
            return place
    return None


def _attachment(
    attachment: Attachment, look: Glance, policy: Policy, password: bytes | None, prefix_id: str
) -> tuple[tuple[SignatureReport, ...], list[Finding], tuple[Conclusion, SubIndication | None] | None]:
    """Judge one attachment: its signatures, findings, and a verdict when it cannot be judged.

    In memory it is as a whole only where it is a PDF or XML.
    """
    where = f"attachment:{attachment.content_id}"
    blob = attachment.blob
    if look.kind is FileKind.PDF:
        from vnedoc.verification import verify_pdf

        held = Wire(Blob.from_bytes(blob.read()))
        verdict = verify_pdf(held, policy, where=where, password=password, prefix_id=prefix_id)
        return verdict.signatures, list(verdict.findings), verdict.conclusion_override
    if looks_like_xml(look.head):
        return _attached_xml(blob.read(), policy, where, prefix_id)
    if look.head.startswith(b"PK") and _signed_office_document(blob, policy.limits):
        return (), [Finding.warning("VND-FLOW-018", where, name=attachment.name)], None
    return (), [], None


def _attached_xml(
    data: bytes, policy: Policy, where: str, prefix_id: str
) -> tuple[tuple[SignatureReport, ...], list[Finding], tuple[Conclusion, SubIndication | None] | None]:
    try:
        document = parse(data, policy.limits)
        return verify_xml(document, policy, where=where, prefix_id=prefix_id), [], None
    except InputError as error:
        # It cannot be read. Where it speaks of a signature, that signature did not pass either.
        if _XMLDSIG in data:
            malformed = (Conclusion.FAILED, SubIndication.FORMAT_FAILURE)
            return (), [Finding.error("VND-FLOW-019", where, cause=error.code)], malformed
        return (), [Finding.warning("VND-FLOW-019", where, cause=error.code)], None


def _signed_office_document(blob: Blob, limits: Limits) -> bool:
    """Whether a zip-based office document carries a signature part; only its directory is read."""
    import zipfile

    try:
        with blob.open() as handle, zipfile.ZipFile(handle) as archive:
            names = archive.namelist()[: limits.attachments * 100]
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, RuntimeError):
        return False
    return any(one.startswith("_xmlsignatures/") or one == "META-INF/documentsignatures.xml" for one in names)


def _coverage(report: Report, evidence: Evidence) -> dict[str, tuple[str, ...]]:
    """Map field names to the ids of the passed signatures that cover them; ``*`` is every other field."""
    passed = [one for one in report.signatures if one.conclusion is Conclusion.PASSED]
    seals = tuple(one.id for one in passed if one.where == "envelope" and evidence is Evidence.PROVEN)
    covered: dict[str, tuple[str, ...]] = {"*": seals}
    for one in passed:
        if one.where != "envelope":
            covered[one.where] = (*covered.get(one.where, seals), one.id)
    return covered
