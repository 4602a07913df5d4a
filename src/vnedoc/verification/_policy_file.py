"""A policy as a TOML file, for the command line and for people who review policies."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from vnedoc.errors import ConfigError
from vnedoc.model import Blob, Limits
from vnedoc.protocols import RevocationSource, TrustSource
from vnedoc.verification._policy import Policy

_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "name": str,
    "base": str,
    "until": dt.datetime,
    "require_revocation": bool,
    "whole_document": bool,
    "freshness_hours": int,
    "limits": dict,
    "signature_policies": dict,
}

_MOST_HOURS = 87_600  # ten years


def load_policy(
    path: Path,
    *,
    trust: TrustSource,
    revocation: RevocationSource | None = None,
    at: dt.datetime | None = None,
) -> Policy:
    """Read a policy file.

    Its keys, all optional: ``base`` (``strict`` or ``legacy``), ``name``, ``until`` (only with ``legacy``:
    old algorithms are taken in signatures that claim an earlier time), ``require_revocation``,
    ``whole_document``, ``freshness_hours`` (how old revocation data may be at most), a table ``limits``
    with fields of ``Limits``, and a table ``signature_policies``: files of signature policies that are
    accepted, by their identifier; relative paths start in the folder of the policy file.

    Args:
        path: The TOML file.
        trust: Anchors and helping certificates; a policy file never holds them.
        revocation: Revocation data at hand.
        at: Time that certificates are judged for, with zone.

    Raises:
        FileError: It, or the file of a signature policy, cannot be read.
        ConfigError: ``VND-POL-002`` when it is not TOML, ``VND-POL-003`` for an unknown or unfit key.
    """
    octets = Blob.from_file(path).read()
    try:
        table = tomllib.loads(octets.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            "VND-POL-002",
            f"the policy file is not TOML: {error}",
            path=str(path),
            hint="see the how-to on policies for an example",
            facts={"cause": str(error)},
        ) from error
    for key, value in table.items():
        if key not in _KEYS or not isinstance(value, _KEYS[key]):
            raise _unfit(path, key, sorted(_KEYS), unknown=key not in _KEYS)
    base, until = table.get("base", "strict"), table.get("until")
    if base == "strict" and until is None:
        policy = Policy.strict(trust=trust, revocation=revocation, at=at)
    elif base == "legacy" and (until is None or until.tzinfo is not None):
        policy = Policy.legacy(trust=trust, revocation=revocation, at=at, until=until)
    else:
        raise _unfit(path, "base" if until is None else "until", ["strict", "legacy"])
    chosen: dict[str, Any] = {
        "name": table.get("name", f"{base} ({path.name})"),
        "require_revocation": table.get("require_revocation", policy.require_revocation),
        "whole_document": table.get("whole_document", policy.whole_document),
        "limits": _limits(path, table.get("limits", {})),
        "freshness": _freshness(path, table.get("freshness_hours")),
        "signature_policies": _signature_policies(path, table.get("signature_policies", {})),
    }
    return attrs.evolve(policy, **chosen)


def _freshness(path: Path, hours: int | None) -> dt.timedelta | None:
    if isinstance(hours, bool) or (hours is not None and not 0 < hours <= _MOST_HOURS):
        raise _unfit(path, "freshness_hours", ["1 to 87600"])
    return None if hours is None else dt.timedelta(hours=hours)


def _signature_policies(path: Path, table: Mapping[str, object]) -> dict[str, bytes]:
    found = {}
    for identifier, name in table.items():
        if not isinstance(name, str) or not name:
            raise _unfit(path, f"signature_policies.{identifier}", ["the path of a file"])
        found[identifier] = Blob.from_file(path.parent / name).read()
    return found


def _limits(path: Path, table: Mapping[str, object]) -> Limits:
    known = attrs.fields_dict(Limits)
    for key, value in table.items():
        if key not in known or isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise _unfit(path, f"limits.{key}", sorted(known), unknown=key not in known)
    return Limits(**table)  # type: ignore[arg-type] # every value was just found to be an int


def _unfit(path: Path, key: str, known: list[str], *, unknown: bool = False) -> ConfigError:
    return ConfigError(
        "VND-POL-003",
        f"the key {key} is unknown" if unknown else f"the value of {key} does not fit",
        path=str(path),
        hint=f"known are: {', '.join(known)}",
        facts={"key": key, "known": known, "problem": "unknown" if unknown else "value"},
    )
