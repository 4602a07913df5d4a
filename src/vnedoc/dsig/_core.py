"""The core check: grammar, references, signature value and signed properties of each ``Signature``.

It knows no trust: it says what was signed, by which key and with which algorithms, and leaves the judgement
of certificate and policy to others.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

import attrs
from lxml import etree

from vnedoc.dsig._counter import countersigned
from vnedoc.dsig._generic import UnsafeGeneric
from vnedoc.dsig._grammar import (
    DS,
    SIGNATURE_TAG,
    XADES,
    SignatureElement,
    has_text,
    read_signature,
)
from vnedoc.dsig._keys import same_key
from vnedoc.dsig._methods import hash_of
from vnedoc.dsig._proof import Proof, prove
from vnedoc.dsig._references import (
    Pieces,
    ReferenceCheck,
    Resolver,
    Scope,
    Target,
    check_reference,
    is_whole,
)
from vnedoc.dsig._unsigned import has_room, strangers
from vnedoc.dsig._verdict import Tally, failed, ill_formed, undecided
from vnedoc.dsig._xades import (
    SIGNED_PROPERTIES_TYPE,
    CarriedTimestamp,
    CarriedValues,
    Properties,
    StampedOctets,
    carried_timestamps,
    carried_values,
    foreign_properties,
    note_properties,
    read_properties,
)
from vnedoc.errors import LimitExceeded, VnedocError
from vnedoc.model import Conclusion, Finding, Level, Limits, SignatureFormat, SubIndication
from vnedoc.xml import XmlDocument, location

_QUALIFYING = f"{{{XADES}}}QualifyingProperties"
_NOTHING = CarriedValues()
_GLANCES = 2  # the data and the signed properties


@attrs.frozen(kw_only=True, eq=False)
class CoreCheck:
    """What the core check found out about one signature.

    Attributes:
        element: The ``Signature``.
        format: XAdES when it has qualifying properties that are read, else XMLDSig.
        level: B-B when all that EN 319 132-1, table 2, asks of that level was found and is right, else basic.
        conclusion: Of format and integrity alone.
        sub_indication: Why; ``None`` when PASSED.
        references: One result for each, in order; empty when the grammar is broken.
        value_ok: Whether the signature value is right, by the key of *certificate*; with ``UnsafeGeneric``
            perhaps by a key without one.
        certificate: The certificate whose key verified, DER; ``None`` when none did.
        certificates: All that ``KeyInfo`` carries, DER; hints only.
        signing_time: As the signer claims, with zone.
        hash_names: Every hash that it rests on, names of ``hashlib``.
        covers_root: Whether it proves the whole document but itself.
        covers_alone: Whether the document is nothing but the signature, and it proves data that it holds or
            that is outside.
        counters: Location of the ``Signature`` whose value it signs, when it is a counter-signature.
        countered: That ``Signature``.
        unsigned: What stands inside the ``Signature``, could be taken for content, and is not covered by it.
        properties: The qualifying properties; ``None`` for XMLDSig.
        timestamps: Time stamps that it carries, in document order; nothing says yet that they are right.
        values: Certificates and revocation data that it carries; hints only.
        findings: All of them.
    """

    element: etree._Element
    format: SignatureFormat = SignatureFormat.XMLDSIG
    level: Level = Level.BASIC
    conclusion: Conclusion
    sub_indication: SubIndication | None = None
    references: tuple[ReferenceCheck, ...] = ()
    value_ok: bool = False
    certificate: bytes | None = None
    certificates: tuple[bytes, ...] = ()
    signing_time: dt.datetime | None = None
    hash_names: tuple[str, ...] = ()
    covers_root: bool = False
    covers_alone: bool = False
    counters: str | None = None
    countered: etree._Element | None = None
    unsigned: tuple[etree._Element, ...] = ()
    properties: Properties | None = None
    timestamps: tuple[CarriedTimestamp, ...] = ()
    values: CarriedValues = _NOTHING
    findings: tuple[Finding, ...] = ()

    @property
    def location(self) -> str:
        """Where the ``Signature`` stands."""
        return location(self.element)


def find_signatures(document: XmlDocument) -> tuple[etree._Element, ...]:
    """Give every XMLDSig ``Signature``, in document order, also those inside another one."""
    return tuple(document.root.iter(SIGNATURE_TAG))


def is_plain(signature: etree._Element) -> bool:
    """Tell whether a ``Signature`` holds only what the seal of an edXML message holds.

    That is ``SignedInfo``, ``SignatureValue``, ``KeyInfo`` and one ``Object`` with ``QualifyingProperties``
    alone, each with nothing but what the standards put there: whatever else stood in them would be outside
    of what an enveloped signature covers.
    """
    expected = [f"{{{DS}}}{name}" for name in ("SignedInfo", "SignatureValue", "KeyInfo", "Object")]
    if [one.tag for one in signature] != expected:
        return False
    holder = signature[-1]
    if [one.tag for one in holder] != [_QUALIFYING]:
        return False
    if has_text(signature) or any(has_room(one) for one in (signature, signature[1], holder)):
        return False
    return not any(True for part in (signature[2], holder[0]) for _ in strangers(part))


def check_signatures(
    document: XmlDocument,
    limits: Limits,
    pieces: Pieces | None = None,
    *,
    policies: Mapping[str, bytes] | None = None,
    resolver: Resolver | None = None,
    certificates: Sequence[bytes] = (),
    generic: UnsafeGeneric | None = None,
) -> tuple[CoreCheck, ...]:
    """Check every signature of a document, in document order. Never raises for a bad signature.

    Args:
        document: As ``parse`` gives it; or as ``parse_stream`` does, with nothing in ``cuts_with_markup``
            and no cut inside a ``Signature``.
        limits: Bounds on the work.
        pieces: Gives the octets of the file of a document with cuts, and raises ``FileError`` at their end
            when they are not those that it was parsed from.
        policies: Signature policy documents that the caller accepts, by identifier.
        resolver: Gives data outside of the document by its URI (``None``: a reference without one). Without
            it such a reference is FAILED; where it has no answer, INDETERMINATE. Nothing is ever fetched.
        certificates: Certificates that may be the signers', DER; each is tried where ``X509Data`` describes
            it or the signed properties name it.
        generic: Unsafe, for test vectors: see there.

    Raises:
        ConfigError: ``VND-DSIG-056`` for a key of *generic* that is none.
        FileError: As *pieces* raises it, or because data outside cannot be read.
        LimitExceeded: ``VND-DSIG-002`` when there are more than ``Limits.signatures``.
    """
    if generic is not None and generic.limits is not None:
        limits = generic.limits
    found = find_signatures(document)
    if len(found) > limits.signatures:
        raise LimitExceeded.of("VND-DSIG-002", "signatures", limits.signatures, len(found))
    scope = Scope(document, limits, pieces, resolver=resolver, generic=generic)
    return tuple(_check(scope, one, policies or {}, certificates) for one in found)


def _check(
    scope: Scope, element: etree._Element, policies: Mapping[str, bytes], certificates: Sequence[bytes]
) -> CoreCheck:
    tally = Tally()
    # While lxml's objects are held, they are not made anew each time that a node is looked at.
    held = list(element.iter()) if scope.is_small else []
    try:
        signature = read_signature(element, scope.limits)
        properties = read_properties(signature, scope.limits)
        scope.likely += signature.objects if properties is None else (properties.signed,)
    except VnedocError as error:
        tally.add(ill_formed(error, location(element)))
        conclusion, reason = tally.conclusion()
        return CoreCheck(
            element=element, conclusion=conclusion, sub_indication=reason, findings=tuple(tally.findings)
        )
    check = _Check(scope, signature, properties, tally, policies, certificates).run()
    held.clear()
    return check


class _Check:
    """One signature that keeps the grammar, on its way through the steps."""

    def __init__(
        self,
        scope: Scope,
        signature: SignatureElement,
        properties: Properties | None,
        tally: Tally,
        policies: Mapping[str, bytes],
        given: Sequence[bytes],
    ) -> None:
        self.policies = policies
        self.given = given
        self.scope = scope
        self.signature = signature
        self.properties = properties
        self.tally = tally

    @property
    def where(self) -> str:
        """Where the signature stands; only findings need it."""
        return location(self.signature.element)

    def run(self) -> CoreCheck:
        """Run the steps in the order of EN 319 102-1, clause 5.3."""
        proof = self._check_value()
        certificate, unproven = proof.certificate, proof.refused
        # A wrong value ends it: what is digested still is only to say what a damaged signature was about.
        wrong = unproven is not None and unproven.verdict[1] is SubIndication.SIG_CRYPTO_FAILURE
        glanced = self.signature.references[: _GLANCES if wrong else None]
        checks = tuple(check_reference(self.scope, self.signature.element, one) for one in glanced)
        complete = self._check_bindings(checks)
        for one in checks:
            self.tally.verdicts.append(one.verdict)
            self.tally.findings.extend(one.findings)
        left = len(self.signature.references) - len(checks)
        if left:
            self.tally.note(Finding.info("VND-DSIG-052", self.where, checked=len(checks), left=left))
        if unproven is not None:
            self.tally.add(unproven)
        named = self._check_certificate(certificate)
        self._check_key_info(proof)
        countered = countersigned(self.signature.element, checks, self.tally)
        self._note_properties()
        timestamps, values = self._carried()
        conclusion, reason = self.tally.conclusion()
        xades = self.properties is not None
        return CoreCheck(
            element=self.signature.element,
            format=SignatureFormat.XADES if xades else SignatureFormat.XMLDSIG,
            level=Level.B_B if complete and named and conclusion is Conclusion.PASSED else Level.BASIC,
            conclusion=conclusion,
            sub_indication=reason,
            references=checks,
            value_ok=proof.ok,
            certificate=certificate,
            certificates=self.signature.key_info.certificates,
            signing_time=self.properties.signing_time if self.properties else None,
            hash_names=self._hash_names(checks),
            covers_root=proof.ok and any(one.ok and one.whole for one in checks),
            covers_alone=proof.ok and self._stands_alone(checks),
            counters=None if countered is None else location(countered),
            countered=countered,
            unsigned=tuple(self._unsigned(() if countered is not None else checks)),
            properties=self.properties,
            timestamps=timestamps,
            values=values,
            findings=tuple(self.tally.findings),
        )

    def _format_failure(self, code: str, **facts: str | int | None) -> None:
        self.tally.add(failed(SubIndication.FORMAT_FAILURE, Finding.error(code, self.where, **facts)))

    def _stands_alone(self, checks: tuple[ReferenceCheck, ...]) -> bool:
        """Tell whether the document is nothing but a signature that holds its data, or signs data outside.

        What else stands in its objects is ``unsigned``, which whoever wants the whole must look at too.
        """
        root = self.scope.document.root
        if self.signature.element is not root or not is_whole(Target(root, comments=False)):
            return False
        return any(one.ok and (one.detached or self._holds_as_data(one.target)) for one in checks)

    def _holds_as_data(self, target: etree._Element | None) -> bool:
        if target is None:
            return False
        path = [target, *target.iterancestors()]
        inside = any(one is holder for one in path for holder in self.signature.objects)
        return inside and not any(one.tag == _QUALIFYING for one in path)

    # --- signed properties ----------------------------------------------------------------------

    def _check_bindings(self, checks: tuple[ReferenceCheck, ...]) -> bool:
        """Check that the properties belong to this signature and are signed by it.

        Returns:
            Whether the references and the format of the data are as a baseline signature needs them.
        """
        typed = [one for one in checks if one.reference.type == SIGNED_PROPERTIES_TYPE]
        properties = self.properties
        foreign = foreign_properties(self.signature)
        if foreign is not None:
            finding = Finding.error("VND-DSIG-048", location(foreign), name=str(foreign.tag))
            self.tally.add(undecided(SubIndication.CUSTOM, finding))
        if properties is None:
            if typed:
                self._format_failure("VND-DSIG-041", count=len(typed))
            return False
        if properties.target != f"#{self.signature.id}" or self.signature.id is None:
            self._format_failure("VND-DSIG-043", target=properties.target, id=self.signature.id)
        if len(typed) != 1:
            self._format_failure("VND-DSIG-041", count=len(typed))
            return False
        if typed[0].target is not properties.signed and typed[0].target is not None:
            self._format_failure("VND-DSIG-042", node=location(typed[0].target))
            return False
        data = [one.reference.id for one in checks if one is not typed[0]]
        return bool(data) and all(one in properties.formats for one in data)

    def _unsigned(self, checks: tuple[ReferenceCheck, ...]) -> Iterator[etree._Element]:
        """Give what could pass for content inside the signature and is outside of what it covers.

        Args:
            checks: Of the references that make content its own. None of a counter-signature does: that is
                about a signature, so whatever stands in its objects is in the file without belonging to it.
        """
        covered = [one.target for one in checks if one.ok]
        element = self.signature.element
        if has_room(element):
            yield element
        for part in element.iterchildren(f"{{{DS}}}SignatureValue", f"{{{DS}}}KeyInfo"):
            if not any(one is part for one in covered):
                yield from strangers(part)
        for holder in self.signature.objects:
            if any(one is holder for one in covered):
                continue
            if has_room(holder):
                yield holder
            for one in holder.iterchildren(etree.Element):
                if one.tag == _QUALIFYING:
                    yield from strangers(one)
                elif one.tag != SIGNATURE_TAG and not any(one is target for target in covered):
                    yield one

    def _note_properties(self) -> None:
        if self.properties is not None:
            note_properties(
                self.properties, self.policies, self.scope.limits, self.signature.element, self.tally
            )

    def _carried(self) -> tuple[tuple[CarriedTimestamp, ...], CarriedValues]:
        """Give time stamps and values that the signature carries; too many of them end the check."""
        octets = StampedOctets(self.scope, self.signature.element)
        try:
            stamps, unread = carried_timestamps(self.signature, self.properties, octets, self.scope.limits)
            values, broken = carried_values(self.signature, self.properties, self.scope.limits)
        except VnedocError as error:
            self.tally.add(ill_formed(error, self.where))
            return (), CarriedValues()
        for finding in (*unread, *broken):
            self.tally.note(finding)
        return stamps, values

    # --- signature value and key ----------------------------------------------------------------

    def _check_value(self) -> Proof:
        """Look for the key that makes the signature value right."""
        named = self.properties.certificates if self.properties else ()
        proof = prove(self.scope, self.signature, named, self.given)
        if proof.ok and proof.method is not None and proof.method.experimental:
            self.tally.note(Finding.info("VND-DSIG-062", self.where, algorithm=proof.method.uri))
        return proof

    def _check_certificate(self, certificate: bytes | None) -> bool:
        """Check that the signed properties name the certificate whose key verified.

        Returns:
            Whether they name it as a baseline signature does.
        """
        properties = self.properties
        if properties is None or certificate is None:
            return False
        if not properties.certificates:
            self.tally.note(Finding.warning("VND-DSIG-051", self.where))
            return False
        for one in properties.certificates:
            if one.hash_name is None:
                finding = Finding.error("VND-DSIG-003", self.where, algorithm=one.digest)
                self.tally.add(undecided(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, finding))
                return False
        try:
            digest_of = self.scope.digest_of
            fitting = [one for one in properties.certificates if one.names(certificate, digest_of)]
        except VnedocError as error:
            self.tally.add(ill_formed(error, self.where))
            return False
        if not fitting:
            finding = Finding.error("VND-DSIG-044", self.where)
            self.tally.add(failed(SubIndication.SIG_CONSTRAINTS_FAILURE, finding))
            return False
        if not all(one.agrees(certificate) for one in fitting):
            finding = Finding.error("VND-DSIG-045", self.where)
            self.tally.add(failed(SubIndication.SIG_CONSTRAINTS_FAILURE, finding))
            return False
        return properties.v2 and properties.signing_time is not None

    def _check_key_info(self, proof: Proof) -> None:
        info = self.signature.key_info
        if info.retrieved is not None and not (self.scope.generic and self.scope.generic.retrieval):
            finding = Finding.error("VND-DSIG-018", info.retrieved)
            self.tally.add(failed(SubIndication.FORMAT_FAILURE, finding))
        for bare in info.key_values:
            if proof.certificate is None:
                if not proof.ok:
                    self.tally.note(Finding.warning("VND-DSIG-017", location(bare)))
                continue
            try:
                same = same_key(bare, proof.certificate)
            except VnedocError as error:
                self.tally.add(ill_formed(error, self.where))
                continue
            if same is None:
                self.tally.note(Finding.warning("VND-DSIG-017", location(bare)))
            elif not same:
                finding = Finding.error("VND-DSIG-019", location(bare))
                self.tally.add(failed(SubIndication.SIG_CONSTRAINTS_FAILURE, finding))

    def _hash_names(self, checks: tuple[ReferenceCheck, ...]) -> tuple[str, ...]:
        names: list[str | None] = []
        waiting = list(checks)
        while waiting:
            one = waiting.pop(0)
            names.append(one.hash_name)
            waiting += one.inner
        names.append(hash_of(self.signature))
        if self.properties is not None:
            names += [one.hash_name for one in self.properties.certificates]
        return tuple(dict.fromkeys(one for one in names if one is not None))
