"""One reference: digest what it covers, compare, and look into a manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from types import MappingProxyType

import attrs
from lxml import etree

from vnedoc.dsig._algorithms import DIGESTS, OLD_DIGESTS
from vnedoc.dsig._grammar import DS, Reference, bound, children, malformed, read_reference
from vnedoc.dsig._references._diagnosis import diagnose
from vnedoc.dsig._references._scope import Digest, Scope, Target
from vnedoc.dsig._references._transforms import (
    Outcome,
    Plan,
    Write,
    canonicalize_plan,
    plan,
    transform_into,
)
from vnedoc.dsig._verdict import RefusedError, Verdict, failed, ill_formed, undecided
from vnedoc.errors import ConfigError, FileError, InputError, VnedocError
from vnedoc.model import Blob, Conclusion, Finding, SubIndication, worst
from vnedoc.xml import location

MANIFEST_TYPE = DS + "Manifest"
_MANIFEST_TAG = f"{{{DS}}}Manifest"
_DEEPEST = 10  # manifests that refer to manifests
_WEIGHTS: Mapping[str, int] = MappingProxyType(
    {"sha3_224": 2, "sha3_256": 2, "sha3_384": 3, "sha3_512": 4, "ripemd160": 3}
)
"""How often an octet counts where it takes longer than SHA-512, by what the hashes of OpenSSL take."""


@attrs.frozen(kw_only=True, eq=False)
class ReferenceCheck:
    """What became of one reference.

    Attributes:
        reference: What the signature says.
        verdict: PASSED when the digest is right and, for a manifest, all that it lists.
        findings: Why it is not, and what is to be known.
        ok: Whether the digest was computed and is right; what a manifest lists may be wrong all the same.
        target: The covered element, to be looked at only; ``None`` when it was not found or lies outside.
        whole: Whether the digest ran over the document less nothing but the signature.
        octets: How many octets went into the digest.
        sha256: ``sha256:`` and hex over those octets.
        hash_name: Name of ``hashlib``.
        detached: Whether the octets came from the caller's resolver.
        inner: What became of the references of a ``Manifest``, in order.
    """

    reference: Reference
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    ok: bool = False
    target: etree._Element | None = None
    whole: bool = False
    octets: int | None = None
    sha256: str | None = None
    hash_name: str | None = None
    detached: bool = False
    inner: tuple[ReferenceCheck, ...] = ()
    _source: Callable[[Write], object] | None = attrs.field(default=None, repr=False)

    @property
    def node(self) -> str | None:
        """Path of the covered element."""
        return None if self.target is None else location(self.target)

    @property
    def location(self) -> str:
        """Where the ``Reference`` itself stands."""
        return self.reference.location

    @property
    def transforms(self) -> tuple[str, ...]:
        """URIs of the transforms, in order."""
        return tuple(one.uri for one in self.reference.transforms)

    def copy_into(self, write: Write) -> None:
        """Hand the very octets that were digested to *write*, piece by piece; see ``read``.

        What is made of the pieces counts only when this returns.
        """
        if self._source is None or self.sha256 is None:
            raise InputError(
                "VND-DSIG-059",
                "nothing was digested for this reference",
                path=self.location,
                hint="read the findings of the reference",
            )
        hasher = hashlib.sha256()

        def pass_on(octets: bytes | memoryview) -> None:
            hasher.update(octets)
            write(octets)

        try:
            self._source(pass_on)
        except RefusedError as refused:
            raise self._changed() from refused
        if "sha256:" + hasher.hexdigest() != self.sha256:
            raise self._changed()

    def read(self) -> bytes:
        """Give the very octets that were digested: *what is signed*, where ``ok`` and the value are right.

        They are computed again, so the document must still be as it was checked.

        Raises:
            InputError: ``VND-DSIG-059`` when nothing was digested, ``VND-DSIG-058`` when the octets are not
                those that were.
            FileError: What lies outside cannot be read.
            VnedocError: As when they were digested.
        """
        pieces: list[bytes] = []
        self.copy_into(lambda octets: pieces.append(bytes(octets)))
        return b"".join(pieces)

    def _changed(self) -> InputError:
        return InputError(
            "VND-DSIG-058",
            "the octets are not those that were digested",
            path=self.location,
            hint="check the document again and leave it as it is",
        )


def check_reference(
    scope: Scope, signature: etree._Element, reference: Reference, *, depth: int = 0
) -> ReferenceCheck:
    """Digest what a reference covers, and compare. Never raises for what the sender wrote.

    Args:
        scope: The document.
        signature: The ``Signature`` that holds the reference.
        reference: Of its ``SignedInfo``, or of a manifest.
        depth: How many manifests lie between.

    Raises:
        FileError: What lies outside of the document cannot be read.
    """
    found: Target | Blob | None = None
    try:
        hash_name = _hash_of(scope, reference)
        found = scope.resolve(reference)
        made = plan(scope, signature, reference, found)
        if made is not None:
            digest, outcome = _digest(scope, made, hash_name), made.outcome
        else:
            sink = _Sink(scope, hash_name)
            steps = reference.transforms
            outcome = transform_into(scope, sink.write, signature, steps, reference, found)
            digest = sink.finish()
    except (ConfigError, FileError):
        raise  # says nothing about the signature
    except RefusedError as refused:
        return _refused(reference, refused, found)
    except VnedocError as error:
        return _refused(reference, ill_formed(error, reference.location), found)
    # no node set of a document has an empty canonical form: a digest of nothing is never right
    detached = isinstance(found, Blob)
    something = digest.octets > 0 or detached or scope.generic is not None
    ok = something and digest.value == reference.value
    check = ReferenceCheck(
        reference=reference,
        verdict=(Conclusion.PASSED, None) if ok else (Conclusion.FAILED, SubIndication.HASH_FAILURE),
        ok=ok,
        target=outcome.element,
        whole=outcome.whole,
        octets=digest.octets,
        sha256=digest.sha256,
        hash_name=hash_name,
        detached=detached,
        source=_source(scope, signature, reference, made or found),
    )
    if not ok:
        return _mismatch(scope, check, made or found)
    if reference.type == MANIFEST_TYPE or (
        outcome.element is not None and outcome.element.tag == _MANIFEST_TAG
    ):
        return _look_into(scope, signature, check, depth)
    return check


def _hash_of(scope: Scope, reference: Reference) -> str:
    name = DIGESTS.get(reference.digest)
    if name is None and scope.generic is not None and scope.generic.old_algorithms:
        name = OLD_DIGESTS.get(reference.digest)
    if name is None:
        finding = Finding.error("VND-DSIG-003", reference.location, algorithm=reference.digest)
        raise undecided(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, finding)
    return name


def _refused(reference: Reference, refused: RefusedError, found: Target | Blob | None) -> ReferenceCheck:
    return ReferenceCheck(
        reference=reference,
        verdict=refused.verdict,
        findings=(refused.finding,),
        target=found.element if isinstance(found, Target) else None,
        hash_name=DIGESTS.get(reference.digest),
        detached=isinstance(found, Blob),
    )


def _digest(scope: Scope, made: Plan, hash_name: str) -> Digest:
    """Digest what a plan covers; the same is never digested twice."""
    key = (made.target.node, made.method, made.exclude, hash_name)
    known = scope.digests.get(key)
    if known is None:
        scope.spend_steps(made.target, made.method.uri)
        sink = _Sink(scope, hash_name)
        scope.spend(canonicalize_plan(scope, sink.write, made))  # what was read beside that
        known = scope.digests[key] = sink.finish()
    return known


def _source(
    scope: Scope, signature: etree._Element, reference: Reference, how: Plan | Target | Blob
) -> Callable[[Write], object]:
    """Give what computes the octets again."""

    def again(write: Write) -> Outcome | int:
        fresh = scope.renewed()
        if isinstance(how, Plan):
            return canonicalize_plan(fresh, write, how)
        return transform_into(fresh, write, signature, reference.transforms, reference, how)

    return again


def _mismatch(scope: Scope, check: ReferenceCheck, how: Plan | Target | Blob) -> ReferenceCheck:
    reference, node = check.reference, check.node
    finding = Finding.error(
        "VND-DSIG-014", reference.location, uri=reference.uri, node=reference.uri if node is None else node
    )
    found = diagnose(scope, reference, how, check.octets or 0, check.hash_name or "")
    return attrs.evolve(check, findings=(finding,) if found is None else (finding, found))


def _look_into(scope: Scope, signature: etree._Element, check: ReferenceCheck, depth: int) -> ReferenceCheck:
    """Check what a manifest lists (clause 5.1): one of it wrong, and the reference to it is."""
    try:
        inner = _listed(scope, signature, check, depth)
    except RefusedError as refused:
        return attrs.evolve(check, verdict=refused.verdict, findings=(refused.finding,))
    except (ConfigError, FileError):
        raise
    except VnedocError as error:
        refusal = ill_formed(error, check.location)
        return attrs.evolve(check, verdict=refusal.verdict, findings=(refusal.finding,))
    wrong = [one for one in inner if one.verdict[0] is not Conclusion.PASSED]
    findings = [found for one in inner for found in one.findings]
    if wrong:
        facts = {"uri": check.reference.uri, "wrong": len(wrong), "listed": len(inner)}
        findings.append(Finding.error("VND-DSIG-016", check.location, **facts))
    return attrs.evolve(
        check, verdict=worst(one.verdict for one in inner), findings=tuple(findings), inner=inner
    )


def _listed(
    scope: Scope, signature: etree._Element, check: ReferenceCheck, depth: int
) -> tuple[ReferenceCheck, ...]:
    manifest = check.target
    if manifest is None or manifest.tag != _MANIFEST_TAG:
        finding = Finding.error("VND-DSIG-060", check.location, uri=check.reference.uri)
        raise failed(SubIndication.FORMAT_FAILURE, finding)
    if depth >= _DEEPEST:
        finding = Finding.error("VND-DSIG-054", check.location, most=_DEEPEST)
        raise failed(SubIndication.FORMAT_FAILURE, finding)
    parts = children(manifest)
    if not parts:
        raise malformed(manifest, "an empty manifest")
    listed = scope.listed[signature] = scope.listed.get(signature, 0) + len(parts)
    bound(scope.limits.references, "references", listed, manifest)
    references = [read_reference(one, scope.limits) for one in parts]
    return tuple(check_reference(scope, signature, one, depth=depth + 1) for one in references)


class _Sink:
    """Takes octets as they come, and counts them."""

    def __init__(self, scope: Scope, hash_name: str) -> None:
        self._scope = scope
        self._weight = _WEIGHTS.get(hash_name, 1)
        self._sha256 = hashlib.sha256()
        self._other = None if hash_name == "sha256" else hashlib.new(hash_name)
        self.octets = 0

    def write(self, data: bytes | memoryview) -> None:
        self._scope.spend(len(data) * self._weight)
        self.octets += len(data)
        self._sha256.update(data)
        if self._other is not None:
            self._other.update(data)

    def finish(self) -> Digest:
        sha256 = self._sha256.digest()
        value = sha256 if self._other is None else self._other.digest()
        return Digest(self.octets, value, "sha256:" + sha256.hex())
