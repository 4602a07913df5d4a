"""Revocation data at hand, sorted so that what speaks of a certificate is found at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice

import attrs

from vnedoc.model import Limits, RevocationData
from vnedoc.protocols import RevocationFetcher, RevocationSource
from vnedoc.trust._certificates import Certificate, NameKey
from vnedoc.trust._status._lists import RevocationList, kept_list, read_list
from vnedoc.trust._status._ocsp import OcspResponse, kept_response, read_response
from vnedoc.trust._status._statement import Statement

_MOST_CARRIED = 200
_OCSP_OCTETS = 256 * 1024
_CARRIED_OCSP_OCTETS = 2 * 1024 * 1024  # all answers together; real ones have some thousands each


@attrs.frozen(eq=False)
class Shelf:
    """Data by issuer and by serial number, and why some could not be read at all."""

    lists: Mapping[NameKey, tuple[RevocationList, ...]]
    responses: Mapping[int, tuple[OcspResponse, ...]]
    causes: frozenset[str]

    def about(
        self, subject: Certificate, issuer: Certificate, helpers: Sequence[bytes] = ()
    ) -> tuple[list[Statement], set[str]]:
        """Give what is said of *subject*, and why other data of its issuer cannot be used."""
        found: list[Statement] = []
        causes = set(self.causes)
        for crl in self.lists.get(subject.issuer_key, ()):
            said = crl.says(subject, issuer)
            if isinstance(said, str):
                causes.add(said)
            else:
                found.append(said)
                if crl.partial:
                    causes.add(crl.partial)
        for response in self.responses.get(subject.serial, ()):
            for answer in response.says(subject, issuer, helpers):
                if isinstance(answer, str):
                    causes.add(answer)
                else:
                    found.append(answer)
        return found, causes


def _shelf(
    crls: Iterable[bytes],
    ocsps: Iterable[bytes],
    crl_bytes: int,
    *,
    list_of: Callable[[bytes], RevocationList | None],
    response_of: Callable[[bytes], OcspResponse | None],
) -> Shelf:
    lists: dict[NameKey, tuple[RevocationList, ...]] = {}
    responses: dict[int, tuple[OcspResponse, ...]] = {}
    causes: set[str] = set()
    for der in crls:
        one = list_of(der) if len(der) <= crl_bytes else None
        if one is None:
            causes.add("malformed" if len(der) <= crl_bytes else "limit-crl_bytes")
        else:
            lists[one.issuer_key] = (*lists.get(one.issuer_key, ()), one)
    for der in ocsps:
        answer = response_of(der) if len(der) <= _OCSP_OCTETS else None
        if answer is None:
            causes.add("ocsp-malformed")
        else:
            for serial in answer.singles:
                responses[serial] = (*responses.get(serial, ()), answer)
    return Shelf(lists, responses, frozenset(causes))


@lru_cache(maxsize=8)
def _kept_shelf(crls: tuple[bytes, ...], ocsps: tuple[bytes, ...], crl_bytes: int) -> Shelf:
    return _shelf(crls, ocsps, crl_bytes, list_of=kept_list, response_of=kept_response)


@attrs.frozen(eq=False)
class CarriedRevocation:
    """What a document carries beside what the caller has. It helps like any other data: it is signed.

    Nothing of it outlives the object, so that documents cannot fill caches. At most 200 lists and 200 answers
    of 2 MiB together are looked at.

    Attributes:
        data: What the document carries.
        base: The caller's source.
    """

    data: RevocationData
    base: RevocationSource
    _shelves: dict[int, Shelf] = attrs.field(factory=dict, repr=False)

    def crls(self) -> Sequence[bytes]:
        """Give the lists of both."""
        return (*self.base.crls(), *self.data.crls)

    def ocsps(self) -> Sequence[bytes]:
        """Give the OCSP answers of both."""
        return (*_ocsps(self.base), *self.data.ocsps)

    def own_shelf(self, crl_bytes: int) -> Shelf:
        """Give what the document carries, sorted."""
        if crl_bytes not in self._shelves:
            self._shelves[crl_bytes] = _shelf(
                islice(self.data.crls, _MOST_CARRIED),
                _within(islice(self.data.ocsps, _MOST_CARRIED), _CARRIED_OCSP_OCTETS),
                crl_bytes,
                list_of=read_list,
                response_of=read_response,
            )
        return self._shelves[crl_bytes]


def _within(octets: Iterable[bytes], most: int) -> Iterator[bytes]:
    """Give pieces for as long as they are no more than so many octets together."""
    for one in octets:
        most -= len(one)
        if most < 0:
            return
        yield one


def shelves(source: RevocationSource, limits: Limits) -> tuple[Shelf, ...]:
    """Give the data of a source, the caller's first."""
    if isinstance(source, CarriedRevocation):
        return (*shelves(source.base, limits), source.own_shelf(limits.crl_bytes))
    return (_kept_shelf(tuple(source.crls()), tuple(_ocsps(source)), limits.crl_bytes),)


def fetched_shelf(data: RevocationData, limits: Limits) -> Shelf:
    """Give what was fetched just now, sorted."""
    return _shelf(data.crls, data.ocsps, limits.crl_bytes, list_of=read_list, response_of=read_response)


def fetcher_of(source: RevocationSource) -> RevocationFetcher | None:
    """Give who may be asked for more, when the caller handed one in."""
    while isinstance(source, CarriedRevocation):
        source = source.base
    if not callable(getattr(source, "revocation", None)):  # far cheaper than asking a protocol
        return None
    return source if isinstance(source, RevocationFetcher) else None


def _ocsps(source: RevocationSource) -> Sequence[bytes]:
    given = getattr(source, "ocsps", None)  # far cheaper than asking a protocol
    return () if given is None else given()
