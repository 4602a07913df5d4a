"""Paths from a certificate to an anchor, under caps (RFC 4158 in the small)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from vnedoc.errors import DecodeError
from vnedoc.model import Limits
from vnedoc.trust._certificates import Certificate, NameKey, certificate, is_signed_by
from vnedoc.trust._work import Work


def _by_subject(certificates: Iterable[bytes]) -> Mapping[NameKey, tuple[Certificate, ...]]:
    """Sort certificates by their subject. Malformed ones and those without a name can issue nothing."""
    found: dict[NameKey, tuple[Certificate, ...]] = {}
    for der in certificates:
        try:
            one = certificate(der)
        except DecodeError:
            continue
        if one.subject_key:
            found[one.subject_key] = (*found.get(one.subject_key, ()), one)
    return found


@lru_cache(maxsize=16)
def _store_by_subject(certificates: tuple[bytes, ...]) -> Mapping[NameKey, tuple[Certificate, ...]]:
    """Do it once for what the caller's store holds; what documents carry is not kept."""
    return _by_subject(certificates)


class PathSearch:
    """Walks from a certificate towards the anchors, depth first, and yields each path that reaches one.

    Names lead, key identifiers only order the candidates, and the signature decides. A certification
    authority (name and key) stands at most once in a path, so that cross-certificates cannot make a loop.

    Attributes:
        dead_ends: Certificates for which no issuer was at hand; complete once the walk has ended.
        exceeded: The field of ``Limits`` that stopped the walk, or ``None``.
        allowed: What that allows.
        exhausted: It is the budget of the whole file that stopped the walk.
    """

    def __init__(
        self,
        leaf: Certificate,
        *,
        anchors: Sequence[bytes],
        hints: Sequence[bytes],
        certificates: Sequence[bytes],
        limits: Limits,
        work: Work | None = None,
    ) -> None:
        self.dead_ends: list[Certificate] = []
        self.exceeded: str | None = None
        self.allowed = 0
        self.exhausted = False
        self._work = work
        self._leaf = leaf
        self._limits = limits
        self._checks = 0
        self._anchors = _store_by_subject(tuple(anchors))
        self._pools = (_store_by_subject(tuple(certificates)), _by_subject(hints))

    def __iter__(self) -> Iterator[tuple[Certificate, ...]]:
        if any(one.der == self._leaf.der for one in self._anchors.get(self._leaf.subject_key, ())):
            yield (self._leaf,)
        yield from self._extend((self._leaf,))

    def _extend(self, path: tuple[Certificate, ...]) -> Iterator[tuple[Certificate, ...]]:
        last = path[-1]
        used = {one.entity for one in path}
        anchors = _likely_first(last, self._anchors.get(last.issuer_key, ()))
        anchored = {one.entity for one in anchors}
        issuer_found = False
        for one in anchors:
            if one.entity not in used and self._may_add(path, one) and self._is_signed(last, one):
                issuer_found = True
                yield (*path, one)
        others = [one for pool in self._pools for one in pool.get(last.issuer_key, ())]
        for one in _likely_first(last, dict.fromkeys(others)):
            if one.entity in used or one.entity in anchored:
                continue
            if self._may_add(path, one) and self._is_signed(last, one):
                issuer_found = True
                yield from self._extend((*path, one))
        if not issuer_found:
            self.dead_ends.append(last)

    def _may_add(self, path: tuple[Certificate, ...], issuer: Certificate) -> bool:
        if len(path) >= self._limits.chain_depth:
            self.exceeded, self.allowed = "chain_depth", self._limits.chain_depth
        elif self._checks >= self._limits.chain_checks:
            self.exceeded, self.allowed = "chain_checks", self._limits.chain_checks
        elif self._work is not None and not self._work.may_check(path[-1], issuer):
            self.exceeded, self.allowed = "chain_checks", self._work.most_checks
            self.exhausted = True
        else:
            return True
        return False

    def _is_signed(self, subject: Certificate, issuer: Certificate) -> bool:
        self._checks += 1
        return is_signed_by(subject, issuer) if self._work is None else self._work.is_signed(subject, issuer)


def _likely_first(subject: Certificate, candidates: Iterable[Certificate]) -> list[Certificate]:
    wanted = subject.authority_id
    return sorted(candidates, key=lambda one: wanted is None or one.key_id != wanted)
