"""Which algorithms and key sizes count as strong enough, and until when weaker ones did.

An algorithm with a date may still prove something in a signature that provably existed before that date: who
breaks it later cannot have made what was there before (EN 319 102-1, clauses 5.2.8 and 5.6.2). A time that
somebody merely claims proves nothing, so without such a proof an algorithm with a date is refused.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Self

import attrs
from cryptography.hazmat.primitives.asymmetric import rsa

from vnedoc.errors import FactValue
from vnedoc.model import Finding, Severity
from vnedoc.trust._certificates import kind_of_key

_STRONG = frozenset(
    {
        "sha256",
        "sha384",
        "sha512",
        "sha512_224",
        "sha512_256",
        "sha3_224",
        "sha3_256",
        "sha3_384",
        "sha3_512",
    }
)
_ALWAYS = dt.datetime.max.replace(tzinfo=dt.UTC)

# Hashes that are not strong enough any more, and the moment from which a new use proves nothing.
_HASHES_UNTIL = (
    # The first published collision: Stevens et al., "The first collision for full SHA-1", 2017-02-23.
    ("sha1", dt.datetime(2017, 2, 23, tzinfo=dt.UTC)),
    # Not broken, but not on the list of Thông tư 15/2025/TT-BKHCN, in force from 2025-08-15 (Việt Nam time).
    ("sha224", dt.datetime(2025, 8, 14, 17, tzinfo=dt.UTC)),
)
# The same for RSA: moduli of at least so many bits.
_RSA_UNTIL = (
    # NIST SP 800-131A: under 2048 bits disallowed after 2013.
    (1024, dt.datetime(2014, 1, 1, tzinfo=dt.UTC)),
)
# Brainpool curves and those of NIST; one that a certificate merely names is not thereby a good one.
_CURVES = frozenset(
    {"secp256r1", "secp384r1", "secp521r1", "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1"}
)


def _hash_names(names: frozenset[str]) -> frozenset[str]:
    return frozenset(_plain(one) for one in names)


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")


@attrs.frozen(kw_only=True)
class AlgorithmPolicy:
    """What counts as strong enough. The default follows Thông tư 15/2025/TT-BKHCN, Phụ lục I, 1.2 and 1.3.

    MD5, DSA and keys of another kind are never accepted. What has a date (``hashes_until``, ``rsa_until``) is
    accepted only with a proof that it existed before, and named in a warning.

    Attributes:
        hashes: Names of accepted hashes, as ``hashlib`` writes them.
        rsa_bits: Smallest RSA modulus, bits.
        ec_bits: Smallest elliptic-curve field, bits, of the curves of NIST and Brainpool; Ed25519 and Ed448
            are always accepted, other curves never.
        old_hashes: Further hashes that are accepted and named in a warning.
        old_rsa_bits: Smallest RSA modulus that is accepted and named in a warning; ``None`` for none.
        until: The old ones count only where the claimed time is before this one; ``None`` for any time.
        hashes_until: Hashes with the moment, with zone, before which their use must be proven.
        rsa_until: Smallest RSA moduli, bits, with the moment before which their use must be proven.
    """

    hashes: frozenset[str] = attrs.field(default=_STRONG, converter=_hash_names)
    rsa_bits: int = 2048
    ec_bits: int = 256
    old_hashes: frozenset[str] = attrs.field(default=frozenset(), converter=_hash_names)
    old_rsa_bits: int | None = None
    until: dt.datetime | None = None
    hashes_until: tuple[tuple[str, dt.datetime], ...] = _HASHES_UNTIL
    rsa_until: tuple[tuple[int, dt.datetime], ...] = _RSA_UNTIL

    @classmethod
    def legacy(cls, *, until: dt.datetime | None = None) -> Self:
        """Give a policy for old archives, which also takes SHA-1, SHA-224 and RSA from 1024 bits.

        Args:
            until: Take them only in what claims an earlier time; with zone.
        """
        return cls(old_hashes=frozenset({"sha1", "sha224"}), old_rsa_bits=1024, until=until)

    def judge(
        self,
        *,
        hash_name: str | None,
        key: Any,
        claimed_time: dt.datetime | None,
        location: str | None,
        proven: dt.datetime | None = None,
    ) -> tuple[Finding, ...]:
        """Judge a hash, a key, or both.

        Args:
            hash_name: As ``hashlib`` or ``cryptography`` write it; ``None`` when there is none to judge.
            key: A public key of ``cryptography``; ``None`` when there is none to judge.
            claimed_time: When it is said to have been used, with zone; matters for old algorithms only.
            location: Goes into the findings.
            proven: When what uses it is proven to have existed, with zone; ``None`` for no such proof.

        Returns:
            Nothing when all is strong; errors for what is refused, warnings for what is old but accepted.
        """
        found: list[Finding] = []
        if hash_name is not None and hash_name not in self.hashes:
            found += self._judge_hash(_plain(hash_name), claimed_time, location, proven)
        if key is not None:
            found += self._judge_key(key, claimed_time, location, proven)
        return tuple(found)

    def reliable_until(
        self, *, hash_name: str | None = None, key: Any = None, claimed_time: dt.datetime | None = None
    ) -> dt.datetime | None:
        """Give the moment, UTC, before which a hash, a key, or both may be relied on; ``None`` for never.

        Args:
            hash_name: As for ``judge``.
            key: As for ``judge``.
            claimed_time: As for ``judge``.
        """
        hash_found = self.judge(hash_name=hash_name, key=None, claimed_time=claimed_time, location=None)
        key_found = self.judge(hash_name=None, key=key, claimed_time=claimed_time, location=None)
        dates = [
            date
            for found, date in (
                (hash_found, self._date_of_hash(hash_name)),
                (key_found, self._date_of_key(key)),
            )
            if any(one.severity is Severity.ERROR for one in found)
        ]
        return None if None in dates else min((one for one in dates if one), default=_ALWAYS)

    def _date_of_hash(self, name: str | None) -> dt.datetime | None:
        return dict(self.hashes_until).get(_plain(name or ""))

    def _date_of_key(self, key: Any) -> dt.datetime | None:
        if not isinstance(key, rsa.RSAPublicKey):
            return None
        dates = [until for bits, until in self.rsa_until if key.key_size >= bits]
        return max(dates, default=None)

    def _judge_hash(
        self,
        name: str,
        claimed: dt.datetime | None,
        location: str | None,
        proven: dt.datetime | None,
    ) -> list[Finding]:
        if name in self.hashes:
            return []
        dated = _dated(name, self._date_of_hash(name), location, proven)
        if name not in self.old_hashes:
            return [dated or Finding.error("VND-TRUST-020", location, algorithm=name)]
        if self._too_late(claimed):
            return [dated or Finding.error("VND-TRUST-023", location, algorithm=name, **self._times(claimed))]
        return [Finding.warning("VND-TRUST-024", location, algorithm=name)]

    def _judge_key(
        self, key: Any, claimed: dt.datetime | None, location: str | None, proven: dt.datetime | None
    ) -> list[Finding]:
        kind = kind_of_key(key)
        if kind == "eddsa":
            return []
        if kind == "ecdsa":
            if key.curve.key_size >= self.ec_bits and key.curve.name not in _CURVES:
                return [Finding.error("VND-TRUST-022", location, algorithm=f"ecdsa {key.curve.name}")]
            return self._judge_size("ecdsa", key.curve.key_size, self.ec_bits, location)
        if kind != "rsa":
            name = "dsa" if kind == "dsa" else "unknown"
            return [Finding.error("VND-TRUST-022", location, algorithm=name)]
        bits = key.key_size
        if bits >= self.rsa_bits:
            return []
        dated = _dated(f"rsa-{bits}", self._date_of_key(key), location, proven)
        if self.old_rsa_bits is None or bits < self.old_rsa_bits:
            return [dated] if dated else self._judge_size("rsa", bits, self.rsa_bits, location)
        seen: dict[str, FactValue] = {"algorithm": "rsa", "bits": bits, "needed": self.rsa_bits}
        if self._too_late(claimed):
            return [dated or Finding.error("VND-TRUST-026", location, **seen, **self._times(claimed))]
        return [Finding.warning("VND-TRUST-025", location, **seen)]

    @staticmethod
    def _judge_size(name: str, bits: int, needed: int, location: str | None) -> list[Finding]:
        if bits >= needed:
            return []
        return [Finding.error("VND-TRUST-021", location, algorithm=name, bits=bits, needed=needed)]

    def _too_late(self, claimed: dt.datetime | None) -> bool:
        return self.until is not None and (claimed is None or claimed >= self.until)

    def _times(self, claimed: dt.datetime | None) -> dict[str, str | None]:
        return {
            "claimed_time": None if claimed is None else claimed.isoformat(),
            "until": None if self.until is None else self.until.isoformat(),
        }


def _dated(
    name: str, until: dt.datetime | None, location: str | None, proven: dt.datetime | None
) -> Finding | None:
    """Judge an algorithm that has a date, where there is a proof of existence; else there is nothing."""
    if until is None or proven is None:
        return None
    make = Finding.warning if proven < until else Finding.error
    code = "VND-TRUST-047" if proven < until else "VND-TRUST-048"
    return make(code, location, algorithm=name, proven=proven.isoformat(), until=until.isoformat())
