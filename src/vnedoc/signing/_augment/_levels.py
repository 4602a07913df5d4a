"""Raising XML signatures from level to level: time stamp, validation data, archive time stamp.

The octets of the document stay as they are: text is put in between. After each step the document is read
again, so that what is stamped is computed from the very octets that are written, by the code that verifies.
"""

from __future__ import annotations

import datetime as dt
import hmac
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import partial

import attrs

from vnedoc.dsig import (
    Carried,
    CarriedTimestamp,
    CoreCheck,
    Pieces,
    Properties,
    Resolver,
    UnsafeGeneric,
    check_signatures,
    find_signatures,
    read_carried,
)
from vnedoc.errors import ConfigError, SigningError, VnedocError
from vnedoc.model import Conclusion, Level, Limits, RevocationData, SubIndication, Wire
from vnedoc.protocols import RevocationSource, Timestamper, TrustSource
from vnedoc.signing._augment import _texts
from vnedoc.signing._augment._evidence import Bundle, Collector, Evidence, authority_of, unusable_stamp
from vnedoc.signing._augment._places import place_for_properties
from vnedoc.signing._naming import named, names_of
from vnedoc.signing._state import SigningState
from vnedoc.signing._validity import require_wire
from vnedoc.trust import (
    AlgorithmPolicy,
    CarriedRevocation,
    RevocationStore,
    TimestampToken,
    collect_evidence,
    read_token,
    validate_token,
)
from vnedoc.xml import Edit, XmlDocument, edited, location, parse

_ONCE = {f"{{{_texts.XADES}}}{name}" for name in ("CertificateValues", "RevocationValues")}
_ID = re.compile(r'^<[^<>]*\sId="([^"]+)"')
_ORDER = (Level.B_B, Level.B_T, Level.B_LT, Level.B_LTA)
_ARCHIVE = ("archive-132", "archive-141")
_OPEN = (None, SubIndication.SIGNATURE_POLICY_NOT_AVAILABLE, SubIndication.POLICY_PROCESSING_ERROR)
"""Why a signature may be undecided and still be raised: a policy is for whoever judges it."""


def augment_xml(
    wire: Wire,
    level: Level | str,
    *,
    timestamper: Timestamper | None = None,
    trust: TrustSource | None = None,
    revocation: RevocationSource | None = None,
    signature_id: str | None = None,
    at: dt.datetime | None = None,
    limits: Limits | None = None,
    hash_name: str = "sha256",
    algorithms: AlgorithmPolicy | None = None,
    resolver: Resolver | None = None,
    generic: UnsafeGeneric | None = None,
    collect: Collector = collect_evidence,
) -> Wire:
    """Raise a XAdES signature, one's own or another's, to a higher baseline level (EN 319 132-1, clause 6).

    B-T adds a time stamp over the signature value, unless there is one that counts by *trust*. B-LT adds
    what a verifier needs later: the certificates of all paths and revocation data for them. B-LTA adds an
    archive time stamp over all of it, and behind it what its own authority needs, where that is another one.
    Asked for again, B-LTA renews: first what the time stamps so far need, then one more archive time stamp.
    Nothing that is there changes, not one octet, but the slashes of two empty-element tags.

    Args:
        wire: The document, of at most ``Limits.tree_bytes``.
        level: ``B-T``, ``B-LT`` or ``B-LTA``; ``B-B`` gives *wire* back.
        timestamper: The time-stamping authority.
        trust: Anchors, and certificates that help to get there; for B-LT and above. For B-T they tell
            whether a time stamp that is there counts; without them one is always added.
        revocation: Revocation data, at hand or fetched; for B-LT and above.
        signature_id: ``Id`` of the signature, or ``signature-N`` as reports call it, where there are several;
            counter-signatures do not count.
        at: The time for which the validation data must be good, with zone; ``None`` is now.
        limits: Bounds on the work.
        hash_name: Hash of the new time stamps, a name of ``hashlib``.
        algorithms: What counts as strong enough for certificates and revocation data, and until when.
        resolver: Gives detached content by its URI, as for verifying.
        generic: To raise signatures with transforms that no policy takes by default, such as base64. Nothing
            is judged here, but think before you keep such a signature for long.
        collect: Collects validation data for one certificate.

    Returns:
        The document with the new properties; every signature in it is worth what it was.

    Raises:
        ConfigError: ``VND-SIGN-086`` for another level, or when what the level needs was not handed in.
        DecodeError: The document is not well-formed.
        LimitExceeded: The document is too large, or has too many signatures.
        SigningError: ``VND-SIGN-080`` when there is no such signature, ``VND-SIGN-081`` when it is not
            intact, ``VND-SIGN-082`` when another signature covers the place, ``VND-SIGN-083`` when
            validation data is missing, ``VND-SIGN-057`` when a certificate was revoked, ``VND-SIGN-084`` for
            a time stamp that cannot be used.
        TransportError: As the authority raises it.
    """
    target = require_for_level(level, timestamper, trust, revocation)
    if target is Level.B_B:
        return wire
    require_wire(wire)
    bounds = limits or Limits()
    one = _Augmentation(
        document=parse(wire.read(), bounds),
        limits=bounds,
        signature_id=signature_id,
        stamper=timestamper,
        hash_name=hash_name,
        resolver=resolver,
        generic=generic,
    )
    one.rise(target, trust, revocation, at, algorithms, collect)
    return Wire.from_bytes(one.document.data, wire.content_type)


def augment_large_xml(
    document: XmlDocument,
    pieces: Pieces,
    level: Level | str,
    *,
    timestamper: Timestamper | None = None,
    trust: TrustSource | None = None,
    revocation: RevocationSource | None = None,
    signature_id: str | None = None,
    at: dt.datetime | None = None,
    limits: Limits | None = None,
    hash_name: str = "sha256",
    algorithms: AlgorithmPolicy | None = None,
    resolver: Resolver | None = None,
    collect: Collector = collect_evidence,
) -> Pieces:
    """Raise a signature in a document of any size, its long texts left in its file; see ``augment_xml``.

    Only what is left of the document is in memory. The file is gone through for each digest over it.

    Args:
        document: As ``vnedoc.xml.parse_stream`` gives it, with nothing in ``cuts_with_markup`` and no cut
            inside a ``Signature``.
        pieces: Gives the octets of its file, as for ``check_signatures``.
        level: As for ``augment_xml``, as are the other arguments and the errors.
        timestamper: The time-stamping authority.
        trust: Anchors, and certificates that help.
        revocation: Revocation data.
        signature_id: The signature, where there are several.
        at: The time for which the validation data must be good.
        limits: Bounds on the work; ``digest_bytes`` must allow for the file.
        hash_name: Hash of the new time stamps.
        algorithms: What counts as strong enough.
        resolver: Gives detached content by its URI.
        collect: Collects validation data for one certificate.

    Returns:
        What gives the octets of the new file.

    Raises:
        FileError: As *pieces* raises it.
    """
    target = require_for_level(level, timestamper, trust, revocation)
    if target is Level.B_B:
        return pieces
    one = _Augmentation(
        document=document,
        pieces=pieces,
        limits=limits or Limits(),
        signature_id=signature_id,
        stamper=timestamper,
        hash_name=hash_name,
        resolver=resolver,
    )
    one.rise(target, trust, revocation, at, algorithms, collect)
    made = one.pieces
    return pieces if made is None else made


def signature_id_of(state: SigningState) -> str | None:
    """Give the ``Id`` of the signature that a state is about, for ``augment_xml`` after ``complete_xml``."""
    found = _ID.search(state.parts.get("signature", ""))
    return None if found is None else found[1]


def require_for_level(
    level: Level | str,
    timestamper: Timestamper | None,
    trust: TrustSource | None,
    revocation: RevocationSource | None,
) -> Level:
    """Refuse what cannot reach a level, before a key signs or an authority is asked.

    Raises:
        ConfigError: ``VND-SIGN-086``.
    """
    try:
        target = Level(level)
    except ValueError:
        target = Level.OTHER
    if target not in _ORDER:
        raise _unusable("level", str(level)[:40], "B-T, B-LT or B-LTA")
    if target is Level.B_B:
        return target
    if not callable(getattr(timestamper, "timestamp", None)):
        seen = None if timestamper is None else type(timestamper).__name__
        raise _unusable("timestamper", seen, "a time-stamping authority, for example vnedoc.trust.TsaClient")
    if target is not Level.B_T:
        if trust is None:
            raise _unusable("trust", None, "trust anchors, for example a TrustStore")
        if revocation is None:
            raise _unusable("revocation", None, "revocation data, for example a RevocationStore")
    return target


def _unusable(name: str, seen: str | None, needs: str) -> ConfigError:
    return ConfigError(
        "VND-SIGN-086",
        f"{name} is missing or cannot be used: it takes {needs}",
        hint=f"give {name}: {needs}",
        facts={"name": name, "seen": seen, "needs": needs},
    )


@attrs.define(kw_only=True)
class _Augmentation:
    """One signature of one document on its way up.

    Attributes:
        document: The document so far.
        pieces: Gives the octets of its file so far; ``None`` where all of them are in memory.
        limits: Bounds on the work.
        signature_id: ``Id`` of the signature.
        stamper: The authority.
        hash_name: Hash of new time stamps.
        resolver: Gives detached content.
        generic: What is taken beside the usual transforms.
        latest: The time of the newest time stamp that was added.
        held: What was collected for the signer before that.
        edits: How many were made.
        before: What the core check said of every signature before.
        number: Which of them it is.
        signer: Its certificate.
        careful: Whether what is added may harm a signature.
        carried: What the signature carries now.
        right: Numbers of its time stamps that have stamped what they must; new ones come last.
    """

    document: XmlDocument
    pieces: Pieces | None = None
    limits: Limits
    signature_id: str | None
    stamper: Timestamper | None
    hash_name: str
    resolver: Resolver | None = None
    generic: UnsafeGeneric | None = None
    latest: dt.datetime | None = attrs.field(default=None, init=False)
    held: Bundle = attrs.field(factory=Bundle, init=False)
    edits: int = attrs.field(default=0, init=False)
    before: tuple[CoreCheck, ...] = attrs.field(init=False)
    number: int = attrs.field(init=False)
    signer: bytes | None = attrs.field(init=False)
    careful: bool = attrs.field(init=False)
    carried: Carried = attrs.field(init=False)
    right: set[int] = attrs.field(init=False)

    def rise(
        self,
        target: Level,
        trust: TrustSource | None,
        revocation: RevocationSource | None,
        at: dt.datetime | None,
        algorithms: AlgorithmPolicy | None,
        collect: Collector,
    ) -> None:
        """Go up to a level, or renew it."""
        self._look()
        known = algorithms or AlgorithmPolicy()
        if target is Level.B_T or trust is None or revocation is None:
            if trust is None or not self.counts(trust, revocation or RevocationStore(), at, known, collect):
                self.add_stamp(_texts.signature_stamp())
        else:
            evidence = partial(self._evidence, collect, trust, revocation, at, known)
            # One that is right and whose authority nobody trusts does not count.
            if not evidence().stamped():
                # A time stamp may cost money: what it does not depend on must be to be had first.
                self.held = evidence().before_stamp(self.signer)
                self.add_stamp(_texts.signature_stamp())
            self.add_values(evidence())
            if target is Level.B_LTA:
                self.add_stamp(_texts.archive_stamp())
                # What the new one needs itself; nothing when its authority is one of those before.
                self.add_values(evidence(), later=True)
        if self.edits:
            self._require_unharmed()

    def stamps(self, *kinds: str) -> list[tuple[CarriedTimestamp, TimestampToken]]:
        """Give the time stamps of these kinds that are known to be right, with their tokens."""
        numbered = enumerate(self.carried.timestamps)
        return [
            (one, read_token(one.token))
            for number, one in numbered
            if number in self.right and one.kind in kinds and one.token is not None
        ]

    def counts(
        self,
        trust: TrustSource,
        revocation: RevocationSource,
        at: dt.datetime | None,
        algorithms: AlgorithmPolicy,
        collect: Collector,
    ) -> bool:
        """Tell whether there is a time stamp over the signature already by an authority that is trusted.

        Anybody can put one in by an authority of his own; that is no reason to do without a good one.
        """
        over = self.stamps("signature")
        values = self.carried.values
        data = RevocationData(crls=tuple(values.crls), ocsps=tuple(values.ocsps))
        for _, token in over:
            verdict = validate_token(
                token,
                imprint=token.imprint,  # is right, or it would not be among them
                hints=values.certificates,
                trust=trust,
                revocation=CarriedRevocation(data, revocation),
                require_revocation=False,
                at=at or dt.datetime.now(dt.UTC),
                algorithms=algorithms,
                limits=self.limits,
            )
            if verdict.conclusion is Conclusion.PASSED:
                return True
        # what came later may prove one whose authority is good no more
        return bool(over) and self._evidence(collect, trust, revocation, at, algorithms).stamped()

    def add_stamp(self, text: str) -> None:
        """Add a time stamp: first its place, then, over all that comes before it, the token."""
        at = self._put(text)
        token = self._stamped(self.carried.timestamps[-1].imprint(self.hash_name))
        room = at + len(text.partition(_texts.TOKEN_END)[0].encode())
        self.right.add(len(self.carried.timestamps) - 1)
        self._edit(room, room, _texts.encoded(token).encode())

    def _evidence(
        self,
        collect: Collector,
        trust: TrustSource,
        revocation: RevocationSource,
        at: dt.datetime | None,
        algorithms: AlgorithmPolicy,
    ) -> Evidence:
        """Give what collects validation data for the signature as it is now."""
        moment = at or dt.datetime.now(dt.UTC)
        return Evidence(
            collect=collect,
            trust=trust,
            revocation=revocation,
            at=moment if self.latest is None else max(moment, self.latest),
            algorithms=algorithms,
            limits=self.limits,
            carried=Bundle().plus(self.carried.values),
            held=self.held,
            tokens=self.stamps("content", "signature", *_ARCHIVE),
        )

    def add_values(self, evidence: Evidence, *, later: bool = False) -> None:
        """Add what is needed to judge the signer and every time stamp, and is not there yet.

        Args:
            evidence: What collects it.
            later: All of it goes with the time stamps.
        """
        carried = evidence.carried
        of_signer, of_stamps = (one.less(carried) for one in evidence.of_all(self.signer))
        names = {str(one.tag) for one in self._properties().unsigned}
        text = ""
        # Each of the two stands once at most (table 2): what comes later goes with the time stamps.
        if not later and names.isdisjoint(_ONCE):
            text = _texts.certificate_values(of_signer.certificates) + _texts.revocation_values(of_signer)
            rest = of_stamps.less(of_signer)
        else:
            rest = of_signer.plus(of_stamps)
        text += _texts.validation_data(rest)
        if text:
            self._put(text)

    # --- looking --------------------------------------------------------------------------------

    def _look(self) -> None:
        """Check every signature, and find the one to raise and its time stamps that are right."""
        self.before = check_signatures(
            self.document, self.limits, self.pieces, resolver=self.resolver, generic=self.generic
        )
        check = self._find()
        self.signer = check.certificate
        self.number = next(at for at, one in enumerate(self.before) if one is check)
        self.carried = Carried(properties=check.properties, timestamps=check.timestamps, values=check.values)
        self.right = _right(self.carried)
        inside = {check.element, *check.element.iterdescendants()}
        self.careful = len(self.before) > 1 or any(
            one.target in inside and one.target in self._properties().qualifying.iterancestors()
            for one in check.references
        )

    def _require_unharmed(self) -> None:
        """Check every signature of the document as it is now: what was right before must still be.

        Raises:
            SigningError: ``VND-SIGN-082``.
        """
        now = check_signatures(
            self.document, self.limits, self.pieces, resolver=self.resolver, generic=self.generic
        )
        check = now[self.number]
        carried = Carried(properties=check.properties, timestamps=check.timestamps, values=check.values)
        same = [_worth(one) for one in now] == [_worth(one) for one in self.before]
        if not same or not _right(carried).issuperset(self.right):
            raise _covered(location(check.element))

    def _properties(self) -> Properties:
        properties = self.carried.properties
        assert properties is not None  # noqa: S101 - a signature without them is not found
        return properties

    def _find(self) -> CoreCheck:
        inside = {one.element for one in self.before}
        outer = [one for one in self.before if not any(up in inside for up in one.element.iterancestors())]
        elements = [one.element for one in self.before]
        meant = elements if self.signature_id is None else named(elements, self.signature_id)
        found = [one for one in outer if one.element in meant]
        if len(found) != 1:
            ids = names_of(elements, {one.element for one in outer})
            raise SigningError(
                "VND-SIGN-080",
                f"{len(found)} signatures could be meant",
                hint=f"give signature_id, one of: {', '.join(ids) or 'none'}",
                facts={"id": self.signature_id, "count": len(found), "ids": ids},
            )
        (check,) = found
        if check.properties is None:
            raise _not_intact(check, "it has no XAdES properties")
        if check.conclusion is Conclusion.FAILED or check.sub_indication not in _OPEN:
            codes = ", ".join(one.code for one in check.findings if one.severity.value == "error")
            raise _not_intact(check, codes or check.conclusion.value)
        return check

    # --- writing --------------------------------------------------------------------------------

    def _put(self, text: str) -> int:
        """Put properties behind those that are there; give the offset of the text."""
        place = place_for_properties(self.document, self._properties().qualifying)
        octets, offset = place.around(text)
        self._edit(place.start, place.end, octets)
        return offset

    def _edit(self, start: int, end: int, octets: bytes) -> None:
        """Put octets in, and read what is there then."""
        self.document, edit = edited(self.document, start, end, octets, self.limits)
        if self.pieces is not None:
            self.pieces = partial(_with_edit, self.pieces, edit)
        signature = find_signatures(self.document)[self.number]
        self.carried = read_carried(
            self.document,
            signature,
            self.limits,
            self.pieces,
            resolver=self.resolver,
            generic=self.generic,
        )
        self.edits += 1
        if self.careful and self.edits == 1:
            self._require_unharmed()  # before a time stamp is spent

    def _stamped(self, imprint: bytes) -> bytes:
        """Have the authority stamp it, and hold its answer against what was asked."""
        if self.stamper is None:
            raise _unusable("timestamper", None, "a time-stamping authority")
        octets = self.stamper.timestamp(imprint, self.hash_name)
        token = read_token(octets)
        if (token.hash_name, token.imprint) != (self.hash_name, imprint):
            raise unusable_stamp("it is not for the imprint that was sent")
        authority_of(token)
        self.latest = token.time
        return octets


def _right(carried: Carried) -> set[int]:
    """Number the time stamps that have stamped what they must; others prove nothing and are left alone."""
    found = set()
    for number, one in enumerate(carried.timestamps):
        if one.token is not None:
            with suppress(VnedocError):
                token = read_token(one.token)
                if hmac.compare_digest(one.imprint(token.hash_name), token.imprint):
                    authority_of(token, carried.values.certificates)
                    found.add(number)
    return found


def _with_edit(pieces: Pieces, edit: Edit) -> Iterator[bytes | memoryview]:
    return edit.pieces(pieces())


def _worth(check: CoreCheck) -> tuple[object, ...]:
    return check.conclusion, check.sub_indication, check.value_ok, [one.ok for one in check.references]


def _not_intact(check: CoreCheck, cause: str) -> SigningError:
    return SigningError(
        "VND-SIGN-081",
        f"only an intact XAdES signature can be raised: {cause}",
        path=check.location,
        hint="verify the document first; what is damaged must be signed again",
        facts={"cause": cause},
    )


def _covered(where: str) -> SigningError:
    return SigningError(
        "VND-SIGN-082",
        "another signature covers the place of the new properties, so it would be broken",
        path=where,
        hint="raise the signature that was made last, or keep the properties elsewhere",
        facts={"place": where},
    )
