"""Making: the edXML seal, and signatures on PDF and XML."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, TypeAlias

from vnedoc.edxml import SIGNATURE_PARENT, EdXmlCodec
from vnedoc.errors import ConfigError, FileError, InputError, RuleError, VnedocError
from vnedoc.model import (
    PDF_TYPE,
    Envelope,
    FileKind,
    Finding,
    Limits,
    Severity,
    StatusMessage,
    Wire,
)
from vnedoc.protocols import Directory, Signer, SigningIdentity, Timestamper
from vnedoc.signing import Prepared, SigningState
from vnedoc.workflow._source import Source, as_wire, kind_of, require_policy

if TYPE_CHECKING:
    from vnedoc.signing import CounterStyle, XmlForm
    from vnedoc.verification import Policy

Message: TypeAlias = Envelope | StatusMessage

_HEAD = 4096


def check(
    source: Message | Source,
    *,
    limits: Limits | None = None,
    now: dt.datetime | None = None,
    directory: Directory | None = None,
    dialect: str | None = None,
    mode: str = "strict",
) -> tuple[Finding, ...]:
    """Run the rules of the format over a message; needs no keys and says nothing about signatures.

    Files that are attached are looked at too: damage, dangers, and extensions that do not fit.

    Args:
        source: A message, or the bytes, path or ``Wire`` of one.
        limits: How much hostile input may cost.
        now: The present time, with zone, for the rules on dates in the future.
        directory: Knows organisations, for the rules on recipients.
        dialect: Name of the dialect that the receiver wants, for the rules of one edition alone.
        mode: How bytes are read, as for ``EdXmlCodec``: ``lenient`` also mends what is not well formed, each
            repair being a finding, and so runs the rules over what ``strict`` cannot read.

    Returns:
        Every finding; those from bytes say ``line`` and ``column`` among their facts. Bytes that cannot be
        read as edXML give one finding of severity error.

    Raises:
        ConfigError: ``VND-EDX-018``, there is no such mode; ``VND-EDX-011``, no such dialect.
        FileError: A file cannot be read.
    """
    from vnedoc.edxml import agree, content_findings, locate, sniff_type
    from vnedoc.edxml import check as check_message

    codec = EdXmlCodec(limits or Limits(), mode=mode)
    if isinstance(source, Envelope | StatusMessage):
        return (
            *check_message(source, now=now, directory=directory, dialect=dialect),
            *content_findings(getattr(source, "attachments", ())),
        )
    wire = as_wire(source)
    with wire.blob.open() as handle:
        head = handle.read(_HEAD)
    if not head:
        return (Finding.error("VND-FLOW-002"),)
    kind = kind_of(head)
    if kind is FileKind.PDF:
        return (Finding.error("VND-FLOW-005", kind=kind.value),)
    if kind is FileKind.UNKNOWN and not (mode == "lenient" and b"<?xml" in head):
        return (Finding.error("VND-FLOW-001", first_bytes=head[:8].hex(" "), type=sniff_type(head[:64])),)
    try:
        decoded, document = codec.open(wire)
    except FileError:
        raise
    except VnedocError as error:
        return (Finding.error(error.code, error.path, **error.facts),)
    rules = check_message(decoded.message, now=now, directory=directory, dialect=dialect)
    findings = agree(decoded.findings, rules)
    return (
        findings if document is None else locate(findings, document, decoded.message, dialect=decoded.dialect)
    )


def seal(message: Message, signer: Signer, *, signing_time: dt.datetime | None = None) -> Wire:
    """Write a message as edXML and put the envelope signature in, at XAdES B-B.

    Args:
        message: What to send.
        signer: The agency's key.
        signing_time: Claimed time with zone; default now.

    Returns:
        The exact bytes to store and to send.

    Raises:
        RuleError: ``VND-FLOW-020``, the message breaks a rule; every finding is attached.
        SigningError: The key refused.
    """
    from vnedoc.signing import sign_xml as sign

    return sign(unsealed(message), signer, signing_time=signing_time, parent=SIGNATURE_PARENT)


def unsealed(message: Message) -> Wire:
    """Write a message as edXML without an envelope signature, as most of today's traffic is.

    Raises:
        RuleError: ``VND-FLOW-020``, the message breaks a rule; every finding is attached.
    """
    require_rules(message)
    return EdXmlCodec().encode(message)


def require_message(message: object) -> None:
    """Refuse what is no message.

    Raises:
        InputError: ``VND-FLOW-024``.
    """
    if not isinstance(message, Envelope | StatusMessage):
        raise InputError(
            "VND-FLOW-024",
            "this is not a message",
            hint="give an Envelope or a StatusMessage; sign_edxml seals one that is written already",
            facts={"seen": type(message).__name__},
        )


def require_rules(message: Message) -> None:
    """Refuse a message that breaks a rule of the format.

    Raises:
        InputError: ``VND-FLOW-024``, it is no message.
        RuleError: ``VND-FLOW-020``, the message breaks a rule; every finding is attached.
    """
    require_message(message)
    findings = check(message)
    errors = [one for one in findings if one.severity is Severity.ERROR]
    if errors:
        rules = [f"{one.code} @ {one.location}" if one.location else one.code for one in errors]
        raise RuleError(
            "VND-FLOW-020",
            f"the message breaks {len(errors)} rule(s): {', '.join(rules)}",
            findings=findings,
            hint="read .findings, or run vnedoc.check on the message",
            facts={"codes": [one.code for one in errors], "rules": rules},
        )


def prepare_seal(
    message: Message, identity: SigningIdentity, *, signing_time: dt.datetime
) -> tuple[Wire, Prepared]:
    """First step of sealing with a key that is elsewhere: the unsigned bytes, and what the key must sign."""
    from vnedoc.signing import prepare_xml as prepare

    wire = unsealed(message)
    return wire, prepare(wire, identity, signing_time=signing_time, parent=SIGNATURE_PARENT)


def complete(source: Source, state: SigningState | str, signature: bytes) -> Wire:
    """Second step for any format: put the signature value into the document that was prepared.

    Args:
        source: The same document that was prepared.
        state: ``SigningState`` or its JSON text.
        signature: The value that the key made over ``to_be_signed``.

    Raises:
        StateMismatch: The document is another one.
        SigningError: The value is not by the certificate's key.
    """
    from vnedoc.signing import complete_pdf, complete_xml

    value = SigningState.from_json(state) if isinstance(state, str) else state
    finish = complete_pdf if value.format == "pdf" else complete_xml
    return finish(as_wire(source), value, signature)


def sign_pdf(
    source: Source,
    signer: Signer,
    *,
    level: str = "B-B",
    signing_time: dt.datetime | None = None,
    reason: str | None = None,
    location: str | None = None,
    password: str | None = None,
) -> Wire:
    """Sign a PDF as PAdES baseline; earlier signatures stay valid.

    Args:
        source: Bytes, path or ``Wire`` of a PDF.
        signer: The key.
        level: ``B-B``.
        signing_time: Claimed time with zone; default now.
        reason: Goes into the signature dictionary.
        location: Goes into the signature dictionary.
        password: Of an encrypted PDF.

    Raises:
        ConfigError: ``VND-FLOW-021``, the level is not supported.
        SigningError: The PDF cannot be signed, or the key refused.
        FileError: A file cannot be read.
    """
    from vnedoc.signing import sign_pdf as sign

    require_level(level)
    return sign(
        as_wire(source, PDF_TYPE),
        signer,
        signing_time=signing_time,
        reason=reason,
        location=location,
        password=None if password is None else password.encode(),
    )


def sign_xml(
    source: Source,
    signer: Signer,
    *,
    level: str = "B-B",
    signing_time: dt.datetime | None = None,
    parent: tuple[str, ...] | None = None,
    form: XmlForm | None = None,
    timestamper: Timestamper | None = None,
    policy: Policy | None = None,
) -> Wire:
    """Sign an XML file as XAdES baseline; by default the signature becomes the root's last child.

    Args:
        source: Bytes, path or ``Wire`` of an XML file; of any file where *form* is enveloping or detached.
        signer: The key.
        level: ``B-B``, ``B-T``, ``B-LT`` or ``B-LTA``, see ``augment``.
        signing_time: Claimed time with zone; default now.
        parent: Local names from the root to the element whose last child an enveloped signature becomes, such
            as ``("HDon", "DSCKS", "NBan")``; default the root.
        form: How the signature looks; default enveloped over the whole document.
        timestamper: The time-stamping authority, for ``B-T`` and above.
        policy: Trust and revocation data, for ``B-LT`` and above.

    Raises:
        ConfigError: ``VND-SIGN-086``, the level is not known or needs more than was given;
            ``VND-SIGN-055`` or ``VND-FLOW-027``, an argument is of another kind.
        DecodeError: It is not well-formed XML, or has no such parent.
        SigningError: The key refused, or the level cannot be reached.
        TransportError: The time-stamping authority cannot be reached.
        FileError: A file cannot be read.
    """
    return _sign(as_wire(source), signer, level, signing_time, timestamper, policy, form=form, parent=parent)


def prepare_xml(
    source: Source,
    identity: SigningIdentity,
    *,
    signing_time: dt.datetime,
    parent: tuple[str, ...] | None = None,
    form: XmlForm | None = None,
) -> Prepared:
    """First step of ``sign_xml`` with a key that is elsewhere: what it must sign; ``complete`` is the second.

    Args:
        source: Bytes, path or ``Wire``, as for ``sign_xml``.
        identity: Certificate, chain and what the key makes, such as ``vnedoc.signing.PublicIdentity``.
        signing_time: Claimed time with zone; whole seconds are kept.
        parent: Where the signature goes, as for ``sign_xml``, as are *form* and the errors.
        form: How the signature looks.
    """
    from vnedoc.signing import XmlForm as Form
    from vnedoc.signing import prepare_xml as prepare

    form = Form() if form is None else form
    return prepare(as_wire(source), identity, signing_time=signing_time, parent=parent, form=form)


def counter_sign_xml(
    source: Source,
    signer: Signer,
    *,
    signature_id: str,
    style: CounterStyle = "property",
    signing_time: dt.datetime | None = None,
    form: XmlForm | None = None,
) -> Wire:
    """Sign the value of a signature that stands in an XML document (EN 319 132-1, clause 5.2.7).

    Args:
        source: Bytes, path or ``Wire`` of the signed document; all its octets stay.
        signer: The key.
        signature_id: The signature that is signed: its ``Id``, or ``signature-N`` as reports call it.
        style: ``property``: in its unsigned properties. ``separate``: a signature of its own.
        signing_time: Claimed time with zone; default now.
        form: How the new signature looks; nothing about packaging, reference and data.

    Raises:
        SigningError: ``VND-SIGN-053``, there is no one such signature; ``VND-SIGN-052``, ``VND-SIGN-054``,
            ``VND-SIGN-058``, it cannot be signed in this way; or the key refused.
        ConfigError: ``VND-SIGN-049`` or ``VND-SIGN-055``, *form* or *style* does not fit.
        DecodeError: It is not well-formed XML.
        FileError: A file cannot be read.
    """
    from vnedoc.signing import XmlForm as Form
    from vnedoc.signing import counter_sign_xml as sign

    form = Form() if form is None else form
    return sign(
        as_wire(source), signer, signature_id=signature_id, style=style, signing_time=signing_time, form=form
    )


def prepare_counter_xml(
    source: Source,
    identity: SigningIdentity,
    *,
    signature_id: str,
    signing_time: dt.datetime,
    style: CounterStyle = "property",
    form: XmlForm | None = None,
) -> Prepared:
    """First step of ``counter_sign_xml`` with a key that is elsewhere; ``complete`` is the second.

    Args:
        source: Bytes, path or ``Wire`` of the signed document.
        identity: Certificate, chain and what the key makes.
        signature_id: As for ``counter_sign_xml``, as are *style*, *form* and the errors.
        signing_time: Claimed time with zone; whole seconds are kept.
        style: Where the new one goes.
        form: How the new signature looks.
    """
    from vnedoc.signing import XmlForm as Form
    from vnedoc.signing import prepare_counter_xml as prepare

    form = Form() if form is None else form
    return prepare(
        as_wire(source),
        identity,
        signature_id=signature_id,
        signing_time=signing_time,
        style=style,
        form=form,
    )


def sign_edxml(
    source: Source,
    signer: Signer,
    *,
    level: str = "B-B",
    signing_time: dt.datetime | None = None,
    timestamper: Timestamper | None = None,
    policy: Policy | None = None,
) -> Wire:
    """Seal an edXML message that is written already; its bytes stay as they are but for the signature.

    Args:
        source: Bytes, path or ``Wire`` of an edXML message without envelope signature.
        signer: The agency's key.
        level: As for ``sign_xml``, as are *timestamper*, *policy* and the errors.
        signing_time: Claimed time with zone; default now.
        timestamper: The time-stamping authority.
        policy: Trust and revocation data.

    Raises:
        DecodeError: It is not well-formed edXML.
        SigningError: It is sealed already, or the key refused.
        FileError: A file cannot be read.
    """
    return _sign(as_wire(source), signer, level, signing_time, timestamper, policy, parent=SIGNATURE_PARENT)


def _sign(
    wire: Wire,
    signer: Signer,
    level: str,
    signing_time: dt.datetime | None,
    timestamper: Timestamper | None,
    policy: Policy | None,
    *,
    form: XmlForm | None = None,
    parent: tuple[str, ...] | None = None,
) -> Wire:
    from vnedoc.signing import XmlForm as Form
    from vnedoc.signing import sign_xml as sign

    if policy is not None:
        require_policy(policy)
    return sign(
        wire,
        signer,
        signing_time=signing_time,
        parent=parent,
        form=Form() if form is None else form,
        level=level,
        timestamper=timestamper,
        trust=None if policy is None else policy.trust,
        revocation=None if policy is None else policy.revocation,
        at=None if policy is None else policy.at,
        limits=None if policy is None else policy.limits,
        algorithms=None if policy is None else policy.algorithms,
    )


def require_level(level: str) -> None:
    """Refuse a level that is not made.

    Raises:
        ConfigError: ``VND-FLOW-021``.
    """
    if level != "B-B":
        raise ConfigError(
            "VND-FLOW-021",
            f"level {level} is not supported",
            hint="use B-B",
            facts={"level": level, "supported": ["B-B"]},
        )
