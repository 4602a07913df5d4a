"""Trust anchors, helping certificates and revocation data, from octets or from files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Self, TypeAlias

import attrs
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from vnedoc.errors import ConfigError, FileError, VnedocError
from vnedoc.model import Blob, unreadable
from vnedoc.trust._certificates import certificate, quiet
from vnedoc.trust._status import is_response

AnyPath: TypeAlias = str | os.PathLike[str]
Paths: TypeAlias = AnyPath | Iterable[AnyPath]

_SUFFIXES = frozenset({".pem", ".crt", ".cer", ".der", ".p7b", ".crl", ".ocsp", ".ors"})
_BEGIN = re.compile(rb"-----BEGIN (CERTIFICATE|X509 CERTIFICATE|X509 CRL|PKCS7)-----")


@attrs.frozen(kw_only=True)
class Material:
    """What a file or folder held.

    Attributes:
        certificates: DER, in the order of the file, each once.
        crls: DER revocation lists, each once.
        ocsps: DER OCSP responses, each once.
    """

    certificates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()


def load_material(path: AnyPath) -> Material:
    """Read certificates, revocation lists and OCSP responses.

    A file may be PEM (several objects), DER or PKCS#7. A folder is read by ``*.pem *.crt *.cer *.der *.p7b
    *.crl *.ocsp *.ors``, sorted by name; its subfolders are left alone, and so are its PEM files that hold
    something else only, such as a private key, which is never looked into.

    Raises:
        ConfigError: ``VND-TRUST-001`` when nothing was found, ``VND-TRUST-004`` when an object is damaged.
        FileError: ``VND-IO-001`` when it cannot be read.
    """
    place = Path(path)
    try:
        files = sorted(_of_folder(place)) if place.is_dir() else [place]
        contents = [(one, Blob.from_file(one).read()) for one in files]
    except FileError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise unreadable(place, error) from error
    parts = [_read(data, one) for one, data in contents]
    found = Material(
        certificates=_once(der for one in parts for der in one.certificates),
        crls=_once(der for one in parts for der in one.crls),
        ocsps=_once(der for one in parts for der in one.ocsps),
    )
    if found == Material():
        raise _nothing(place, "certificate or revocation list")
    return found


def _each(paths: Paths) -> Iterable[AnyPath]:
    return (paths,) if isinstance(paths, str | os.PathLike) else paths


def _of_folder(folder: Path) -> Iterable[Path]:
    return (one for one in folder.iterdir() if one.suffix.lower() in _SUFFIXES and one.is_file())


def _count(found: Sequence[bytes]) -> str:
    return str(len(found))


def _once(found: Iterable[bytes]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(found))


def _read(data: bytes, path: Path) -> Material:
    try:
        with quiet():
            return read_material(data)
    except Exception as error:
        raise ConfigError(
            "VND-TRUST-004",
            "a certificate or revocation list cannot be read",
            path=str(path),
            hint="get the file again, or move it out of this folder",
            facts={"path": str(path), "cause": f"{type(error).__name__}: {error}"[:200]},
        ) from error


def read_material(data: bytes) -> Material:
    """Read PEM, DER or PKCS#7; raises ``ValueError``, or what else the parsers raise."""
    return _read_pem(data) if b"-----BEGIN " in data else _read_der(data)


def _read_pem(data: bytes) -> Material:
    certificates: list[bytes] = []
    crls: list[bytes] = []
    for begin in _BEGIN.finditer(data):
        label = begin[1]
        closing = b"-----END " + label + b"-----"
        text = data[begin.start() : data.index(closing, begin.end())] + closing + b"\n"
        if label == b"X509 CRL":
            crls.append(_der(x509.load_pem_x509_crl(text)))
        elif label == b"PKCS7":
            certificates += map(_der, _pkcs7().load_pem_pkcs7_certificates(text))
        else:
            certificates.append(_der(x509.load_pem_x509_certificate(text)))
    return Material(certificates=tuple(certificates), crls=tuple(crls))


def _read_der(data: bytes) -> Material:
    try:
        return Material(certificates=(_der(x509.load_der_x509_certificate(data)),))
    except ValueError:
        pass
    try:
        return Material(crls=(_der(x509.load_der_x509_crl(data)),))
    except ValueError:
        if is_response(data):
            return Material(ocsps=(data,))
        return Material(certificates=tuple(map(_der, _pkcs7().load_der_pkcs7_certificates(data))))


def _pkcs7() -> ModuleType:
    # It brings all of "email" along, and bundles of that kind are rare.
    from cryptography.hazmat.primitives.serialization import pkcs7

    return pkcs7


def _der(found: x509.Certificate | x509.CertificateRevocationList) -> bytes:
    return found.public_bytes(Encoding.DER)


def _nothing(path: Path, wanted: str) -> ConfigError:
    return ConfigError(
        "VND-TRUST-001",
        f"no {wanted} found",
        path=str(path),
        hint="give a PEM, DER or PKCS#7 file, or a folder of *.pem *.crt *.cer *.der *.p7b *.crl *.ocsp",
        facts={"path": str(path), "wanted": wanted},
    )


@attrs.frozen
class TrustStore:
    """Trust anchors and helping certificates, as a value. ``TrustStore()`` trusts nobody.

    Anchors come from the caller only; what a document carries never becomes one.
    """

    _anchors: tuple[bytes, ...] = attrs.field(default=(), repr=_count, converter=_once)
    _certificates: tuple[bytes, ...] = attrs.field(default=(), repr=_count, converter=_once)

    def anchors(self) -> Sequence[bytes]:
        """Give the trust anchors, DER."""
        return self._anchors

    def certificates(self) -> Sequence[bytes]:
        """Give certificates that are not trusted by themselves, DER."""
        return self._certificates

    @classmethod
    def from_der(cls, anchors: Iterable[bytes], certificates: Iterable[bytes] = ()) -> Self:
        """Make a store of DER certificates.

        Args:
            anchors: Certificates of authorities where trust starts.
            certificates: Further ones that help to get there.

        Raises:
            ConfigError: ``VND-TRUST-002`` when an anchor is not a certification authority.
            DecodeError: ``VND-TRUST-003`` when a certificate is malformed.
        """
        store = cls(tuple(anchors), tuple(certificates))
        for one in store.anchors():
            _require_authority(one, None)
        for one in store.certificates():
            certificate(one)
        return store

    @classmethod
    def from_paths(cls, trust: Paths, certs: Paths = ()) -> Self:
        """Make a store of files and folders, see ``load_material``.

        Args:
            trust: Where the anchors are, one path or several.
            certs: Where the helping certificates are, one path or several.

        Raises:
            ConfigError: ``VND-TRUST-001`` when a path holds no certificate, ``VND-TRUST-002`` when an anchor
                is not a certification authority, ``VND-TRUST-004`` when a certificate is damaged.
            FileError: ``VND-IO-001`` when a path cannot be read.
        """
        anchors = [(path, one) for path in _each(trust) for one in _certificates_of(path)]
        for path, one in anchors:
            _require_authority(one, path)
        return cls(
            tuple(one for _, one in anchors),
            tuple(one for path in _each(certs) for one in _certificates_of(path)),
        )


@attrs.frozen
class RevocationStore:
    """Revocation lists and OCSP answers at hand, as a value. Nothing is fetched."""

    _crls: tuple[bytes, ...] = attrs.field(default=(), repr=_count, converter=_once)
    _ocsps: tuple[bytes, ...] = attrs.field(default=(), repr=_count, converter=_once)

    def crls(self) -> Sequence[bytes]:
        """Give the revocation lists, DER."""
        return self._crls

    def ocsps(self) -> Sequence[bytes]:
        """Give the OCSP responses, DER."""
        return self._ocsps

    @classmethod
    def from_der(cls, crls: Iterable[bytes] = (), ocsps: Iterable[bytes] = ()) -> Self:
        """Make a store of DER revocation lists and OCSP responses; those that fit nothing do no harm."""
        return cls(tuple(crls), tuple(ocsps))

    @classmethod
    def from_paths(cls, paths: Paths) -> Self:
        """Make a store of files and folders, one path or several, see ``load_material``.

        Raises:
            ConfigError: ``VND-TRUST-001`` when a path holds no revocation list or OCSP response,
                ``VND-TRUST-004`` when one is damaged.
            FileError: ``VND-IO-001`` when a path cannot be read.
        """
        crls: list[bytes] = []
        ocsps: list[bytes] = []
        for path in _each(paths):
            found = load_material(path)
            if not found.crls and not found.ocsps:
                raise _nothing(Path(path), "revocation list")
            crls += found.crls
            ocsps += found.ocsps
        return cls(tuple(crls), tuple(ocsps))


def _certificates_of(path: AnyPath) -> tuple[bytes, ...]:
    found = load_material(path).certificates
    if not found:
        raise _nothing(Path(path), "certificate")
    for one in found:
        try:
            certificate(one)
        except VnedocError as error:
            raise ConfigError(
                "VND-TRUST-004",
                "a certificate cannot be used",
                path=str(path),
                hint="get the file again, or leave it out",
                facts={"path": str(path), "cause": str(error.facts["cause"])},
            ) from error
    return found


def _require_authority(der: bytes, path: AnyPath | None) -> None:
    parsed = certificate(der)
    if parsed.is_ca:
        return
    raise ConfigError(
        "VND-TRUST-002",
        f"this trust anchor is not a certification authority: {parsed.subject}",
        path=None if path is None else str(path),
        hint="trust the authority that issued it; give this one as a further certificate (--cert) if needed",
        facts={"subject": parsed.subject, "issuer": parsed.issuer},
    )
