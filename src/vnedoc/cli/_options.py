"""Turns options into the values that the library takes."""

from __future__ import annotations

import argparse
import datetime as dt
import getpass
import os
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import attrs

from vnedoc.errors import ConfigError
from vnedoc.model import Acceptance, Blob, Limits
from vnedoc.protocols import RevocationSource, Timestamper
from vnedoc.signing import KeySigner, load_key
from vnedoc.trust import RevocationStore, TrustStore
from vnedoc.verification import Policy, load_policy

_LONGEST_NUMBER = 15  # digits


def moment(text: str) -> dt.datetime:
    """Read ``--at``; raises ``ConfigError`` when it is no ISO time with an offset."""
    try:
        value = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise _bad_time(text) from error
    if value.tzinfo is None:
        raise _bad_time(text)
    return value


def _bad_time(text: str) -> ConfigError:
    return ConfigError(
        "VND-CLI-001",
        "--at needs an ISO 8601 time with an offset",
        hint="write for example 2026-11-22T08:00:00+07:00",
        facts={"seen": text[:80]},
    )


def policy_of(options: argparse.Namespace) -> Policy:
    """Build the policy from the options on trust and verifying."""
    trust = TrustStore.from_paths([Path(one) for one in options.trust], [Path(one) for one in options.cert])
    held = RevocationStore.from_paths([Path(one) for one in options.crl])
    revocation = _asking(options, held) if options.allow else held
    at = None if options.at is None else moment(options.at)
    if options.policy == "strict":
        policy = Policy.strict(trust=trust, revocation=revocation, at=at)
    elif options.policy == "legacy":
        policy = Policy.legacy(trust=trust, revocation=revocation, at=at)
    else:
        policy = load_policy(Path(options.policy), trust=trust, revocation=revocation, at=at)
    if getattr(options, "revocation", None) is not None:
        policy = attrs.evolve(policy, require_revocation=options.revocation == "require")
    if getattr(options, "covers", None) is not None:
        policy = attrs.evolve(policy, whole_document=options.covers == "document")
    return attrs.evolve(policy, limits=limits_of(options, policy.limits))


def _asking(options: argparse.Namespace, held: RevocationStore) -> RevocationSource:
    from vnedoc.net import HttpFetcher
    from vnedoc.trust import FetchingRevocation

    return FetchingRevocation(HttpFetcher(options.allow, allow_private=options.allow_private), base=held)


def timestamper_of(options: argparse.Namespace) -> Timestamper | None:
    """Give the authority of ``--tsa``; whoever names it allows its host."""
    if options.tsa is None:
        return None
    from vnedoc.net import HttpFetcher
    from vnedoc.trust import TsaClient

    return TsaClient(options.tsa, HttpFetcher([options.tsa], allow_private=options.allow_private))


def acceptance_of(options: argparse.Namespace) -> Acceptance:
    """Give the acceptance rule; the default is ``sealed``."""
    return Acceptance(options.accept or "sealed")


def password_of(options: argparse.Namespace) -> str | None:
    """Give the PDF password from the environment variable that was named."""
    return None if options.password_env is None else secret_from(options.password_env)


def secret_from(name: str) -> str:
    """Read a secret from the environment; raises ``ConfigError`` when the variable is not set."""
    value = os.environ.get(name)
    if value is None:
        raise ConfigError(
            "VND-CLI-002",
            f"the environment variable {name} is not set",
            hint="set it, or leave the option out to be asked",
            facts={"name": name},
        )
    return value


def limits_of(options: argparse.Namespace, base: Limits | None = None) -> Limits:
    """Give the limits of ``--limit NAME=NUMBER``, the rest from *base*.

    Raises:
        ConfigError: ``VND-CLI-007`` for anything else.
    """
    changed: dict[str, int] = {}
    known = attrs.fields_dict(Limits)
    for one in options.limit:
        name, _, number = one.partition("=")
        if name not in known or not (
            number.isascii() and number.isdigit() and len(number) <= _LONGEST_NUMBER
        ):
            raise ConfigError(
                "VND-CLI-007",
                "--limit needs the name of a limit and a number",
                hint="write for example --limit file_bytes=2000000000; see the reference of limits",
                facts={"seen": one[:80], "known": list(known)},
            )
        changed[name] = int(number)
    return attrs.evolve(base or Limits(), **changed)


def contents_of(options: argparse.Namespace) -> Callable[[str | None], Blob | None] | None:
    """Give what finds the files of ``--content``: by the last segment of a URI, the only one without a URI.

    Raises:
        ConfigError: ``VND-CLI-011``, two of them have the same name.
        FileError: One cannot be read.
    """
    files: dict[str, Blob] = {}
    for one in options.content:
        name = unicodedata.normalize("NFC", Path(one).name)
        if name in files:
            raise ConfigError(
                "VND-CLI-011",
                f"two files of --content are called {name}",
                path=one,
                hint="the name at the end of the URI must say which one it is; rename one of them",
                facts={"name": name},
            )
        files[name] = Blob.from_file(one)

    def find(uri: str | None) -> Blob | None:
        if uri is None:
            return next(iter(files.values())) if len(files) == 1 else None
        path = uri.partition("#")[0].partition("?")[0]
        return files.get(unicodedata.normalize("NFC", unquote(path.rpartition("/")[2])))

    return find if files else None


def output_of(options: argparse.Namespace) -> Path:
    """Give the path of ``--out``; raises ``ConfigError`` when it is the input, whose only copy it may be."""
    out = Path(options.out)
    if out.exists() and out.samefile(options.file):
        raise ConfigError(
            "VND-CLI-006",
            "--out is the input itself",
            path=options.out,
            hint="give --out another name; keep the original file",
        )
    return out


def key_of(options: argparse.Namespace) -> KeySigner:
    """Load the key of ``--key``; its passphrase comes from the environment, else from the terminal."""

    def passphrase() -> str | None:
        if options.passphrase_env is not None:
            return secret_from(options.passphrase_env)
        return getpass.getpass("Passphrase: ") if sys.stdin is not None and sys.stdin.isatty() else None

    return load_key(options.key, passphrase=passphrase)
