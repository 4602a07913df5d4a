"""Which algorithms and key sizes count as strong enough."""

from __future__ import annotations

import datetime as dt
from typing import Any, Self

import attrs
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

from vnedoc.errors import FactValue
from vnedoc.model import Finding

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
_EDWARDS = ed25519.Ed25519PublicKey | ed448.Ed448PublicKey


def _hash_names(names: frozenset[str]) -> frozenset[str]:
    return frozenset(_plain(one) for one in names)


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")


@attrs.frozen(kw_only=True)
class AlgorithmPolicy:
    """What counts as strong enough. The default follows Thông tư 15/2025/TT-BKHCN, Phụ lục I, 1.2 and 1.3.

    MD5, DSA and keys of another kind are never accepted.

    Attributes:
        hashes: Names of accepted hashes, as ``hashlib`` writes them.
        rsa_bits: Smallest RSA modulus, bits.
        ec_bits: Smallest elliptic-curve field, bits; Ed25519 and Ed448 are always accepted.
        old_hashes: Further hashes that are accepted and named in a warning.
        old_rsa_bits: Smallest RSA modulus that is accepted and named in a warning; ``None`` for none.
        until: The old ones count only where the claimed time is before this one; ``None`` for any time.
    """

    hashes: frozenset[str] = attrs.field(default=_STRONG, converter=_hash_names)
    rsa_bits: int = 2048
    ec_bits: int = 256
    old_hashes: frozenset[str] = attrs.field(default=frozenset(), converter=_hash_names)
    old_rsa_bits: int | None = None
    until: dt.datetime | None = None

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
    ) -> tuple[Finding, ...]:
        """Judge a hash, a key, or both.

        Args:
            hash_name: As ``hashlib`` or ``cryptography`` write it; ``None`` when there is none to judge.
            key: A public key of ``cryptography``; ``None`` when there is none to judge.
            claimed_time: When it is said to have been used, with zone; matters for old algorithms only.
            location: Goes into the findings.

        Returns:
            Nothing when all is strong; errors for what is refused, warnings for what is old but accepted.
        """
        found: list[Finding] = []
        if hash_name is not None:
            found += self._judge_hash(_plain(hash_name), claimed_time, location)
        if key is not None:
            found += self._judge_key(key, claimed_time, location)
        return tuple(found)

    def _judge_hash(self, name: str, claimed: dt.datetime | None, location: str | None) -> list[Finding]:
        if name in self.hashes:
            return []
        if name not in self.old_hashes:
            return [Finding.error("VND-TRUST-020", location, algorithm=name)]
        if self._too_late(claimed):
            return [Finding.error("VND-TRUST-023", location, algorithm=name, **self._times(claimed))]
        return [Finding.warning("VND-TRUST-024", location, algorithm=name)]

    def _judge_key(self, key: Any, claimed: dt.datetime | None, location: str | None) -> list[Finding]:
        if isinstance(key, _EDWARDS):
            return []
        if isinstance(key, ec.EllipticCurvePublicKey):
            return self._judge_size("ecdsa", key.curve.key_size, self.ec_bits, location)
        if not isinstance(key, rsa.RSAPublicKey):
            name = "dsa" if isinstance(key, dsa.DSAPublicKey) else "unknown"
            return [Finding.error("VND-TRUST-022", location, algorithm=name)]
        bits = key.key_size
        if bits >= self.rsa_bits or self.old_rsa_bits is None or bits < self.old_rsa_bits:
            return self._judge_size("rsa", bits, self.rsa_bits, location)
        seen: dict[str, FactValue] = {"algorithm": "rsa", "bits": bits, "needed": self.rsa_bits}
        if self._too_late(claimed):
            return [Finding.error("VND-TRUST-026", location, **seen, **self._times(claimed))]
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
