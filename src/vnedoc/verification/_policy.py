"""What a verifier insists on, as a value."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping
from typing import Self

import attrs

from vnedoc.errors import ConfigError
from vnedoc.model import Limits
from vnedoc.protocols import RevocationSource, TrustSource
from vnedoc.trust import AlgorithmPolicy, RevocationStore, TrustStore


def _zoned(_instance: object, _field: attrs.Attribute[dt.datetime | None], value: dt.datetime | None) -> None:
    if value is not None and value.tzinfo is None:
        raise ConfigError(
            "VND-POL-001",
            "the time of a policy needs its zone",
            hint="write 2026-11-22T08:00:00+07:00",
            facts={"seen": value.isoformat()},
        )


def _trust(source: TrustSource | str | os.PathLike[str]) -> TrustSource:
    return TrustStore.from_paths([source]) if isinstance(source, str | os.PathLike) else source


def _revocation(source: RevocationSource | str | os.PathLike[str] | None) -> RevocationSource:
    if source is None:
        return RevocationStore()
    return RevocationStore.from_paths([source]) if isinstance(source, str | os.PathLike) else source


@attrs.frozen(kw_only=True)
class Policy:
    """What a signature must meet to be PASSED. The same policy judges PDF and XML.

    Start from ``Policy.strict`` or ``Policy.legacy`` and derive with ``attrs.evolve``.

    Attributes:
        name: ``strict``, ``legacy`` or the caller's own; the report prints it.
        trust: Anchors and helping certificates.
        revocation: Revocation data at hand.
        require_revocation: Without fitting data the answer is INDETERMINATE, ``TRY_LATER``.
        at: Time that certificates are judged for, with zone; ``None`` is now.
        whole_document: A signature must cover the whole file.
        algorithms: What counts as strong enough.
        limits: How much hostile input may cost.
        freshness: How old revocation data may be at most when it decides (EN 319 102-1, clause 5.2.5);
            ``None`` for as old as it allows itself.
        signature_policies: Documents of signature policies that are accepted, by identifier, with or without
            ``urn:oid:``. A signature that names another one is INDETERMINATE.
    """

    name: str = "strict"
    trust: TrustSource = attrs.field(factory=TrustStore)
    revocation: RevocationSource = attrs.field(factory=RevocationStore)
    require_revocation: bool = True
    at: dt.datetime | None = attrs.field(default=None, validator=_zoned)
    whole_document: bool = True
    algorithms: AlgorithmPolicy = attrs.field(factory=AlgorithmPolicy)
    limits: Limits = attrs.field(factory=Limits)
    freshness: dt.timedelta | None = None
    signature_policies: Mapping[str, bytes] = attrs.field(factory=dict, hash=False, repr=False)

    @classmethod
    def strict(
        cls,
        *,
        trust: TrustSource | str | os.PathLike[str],
        revocation: RevocationSource | str | os.PathLike[str] | None = None,
        at: dt.datetime | None = None,
    ) -> Self:
        """Give the default policy: SHA-2, RSA of 2048 bits and up, revocation data, the whole document.

        Args:
            trust: Anchors and helping certificates; a path is that of anchors (``TrustStore.from_paths``).
            revocation: Revocation data at hand, or the path of revocation lists and OCSP answers. A source
                that can fetch is asked for what is missing.
            at: Time that certificates are judged for, with zone; ``None`` is now.

        Raises:
            ConfigError: A path holds nothing of the kind, or *at* has no zone.
            FileError: A path cannot be read.
        """
        return cls(trust=_trust(trust), revocation=_revocation(revocation), at=at)

    @classmethod
    def legacy(
        cls,
        *,
        trust: TrustSource | str | os.PathLike[str],
        revocation: RevocationSource | str | os.PathLike[str] | None = None,
        at: dt.datetime | None = None,
        until: dt.datetime | None = None,
    ) -> Self:
        """Give a policy for old archives: SHA-1 and RSA of 1024 bits are taken and named in the report.

        Args:
            trust: Anchors and helping certificates; a path is that of anchors.
            revocation: Revocation data at hand, or the path of lists; not required here.
            at: Time that certificates are judged for.
            until: Old algorithms are taken only in signatures that claim an earlier time; ``None`` for any.
        """
        return cls(
            name="legacy",
            trust=_trust(trust),
            revocation=_revocation(revocation),
            at=at,
            require_revocation=False,
            algorithms=AlgorithmPolicy.legacy(until=until),
        )

    def time(self) -> dt.datetime:
        """Give the time to judge for: ``at``, else now in UTC."""
        return self.at or dt.datetime.now(dt.UTC)
