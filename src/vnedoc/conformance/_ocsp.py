"""A throwaway OCSP responder (RFC 6960), in memory. It answers what it is told to, for any time."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Literal, TypeAlias

from asn1crypto import core, ocsp
from asn1crypto import x509 as asn1

from vnedoc.conformance._pki import Authority, Credential, FakePki, make_key, time_of
from vnedoc.conformance._signature import sign_octets
from vnedoc.protocols import Clock

OcspFault: TypeAlias = Literal[
    "nonce", "no-nonce", "other-certificate", "signer", "signature", "no-certificate", "try-later", "garbage"
]
"""What a misbehaving responder does: another nonce, or none; an answer about another certificate; a signature
by a key that nobody empowered; a broken value; no certificate of its own; "later"; no answer at all."""

OcspStatus: TypeAlias = Literal["good", "revoked", "unknown"]

_DAY = dt.timedelta(days=1)
_ISSUER = ("issuer_name_hash", "issuer_key_hash")
_HASHES = ("sha1", "sha256", "sha384", "sha512")


class FakeOcsp:
    """An OCSP responder for both authorities of a ``FakePki``; ``serve`` puts it on HTTP.

    What was revoked with ``FakePki.revoke`` is revoked here too; everything else is good.

    Attributes:
        status: The answer to every question; ``None``: what is true.
        at: The time of the answers; ``None`` asks the clock. May be changed at any moment.
        fault: How it misbehaves; ``None``: not at all. May be changed at any moment.
    """

    def __init__(
        self,
        pki: FakePki,
        *,
        responder: Credential | None = None,
        delegated: bool = True,
        at: dt.datetime | None = None,
        clock: Clock | None = None,
        good_for: dt.timedelta | None = _DAY,
        this_update: dt.datetime | None = None,
        status: OcspStatus | None = None,
        fault: OcspFault | None = None,
    ) -> None:
        """Open a responder.

        Args:
            pki: Whose certificates it speaks of.
            responder: Signs every answer; default one for each authority, issued by that authority.
            delegated: Without *responder*: ``False`` lets the authorities sign themselves.
            at: ``producedAt`` of the answers, with zone; default that of *clock*, or of *pki*.
            clock: Tells the time when *at* is not given.
            good_for: From ``thisUpdate`` to ``nextUpdate``; ``None`` for no ``nextUpdate``.
            this_update: Default the time of the answer.
            status: The answer to every question.
            fault: How it misbehaves.
        """
        self.status = status
        self.at = at if at is not None or clock is not None else pki.at
        self.fault = fault
        self._pki = pki
        self._clock = clock
        self._good_for = good_for
        self._this_update = this_update
        self._responder = responder
        self._delegated = delegated
        self._responders: dict[int, Credential] = {}

    def respond(self, certificate: Credential | Authority, *, hash_name: str = "sha1") -> bytes:
        """Give the ``OCSPResponse``, DER, for a certificate, without any protocol around it."""
        parsed = certificate.certificate
        root = self._pki.root
        by = root if parsed.issuer == root.certificate.subject else self._pki.issuing
        return self._answer(_cert_id(by, parsed.serial_number, hash_name), by, None)

    def answer(self, request: bytes) -> bytes:
        """Give the ``OCSPResponse``, DER, to an ``OCSPRequest`` about one certificate."""
        if self.fault == "garbage":
            return b"<html>no status today</html>"
        if self.fault == "try-later":
            return _failure("try_later")
        try:
            asked = ocsp.OCSPRequest.load(request, strict=True)
            (one,) = asked["tbs_request"]["request_list"]
            asked_id = one["req_cert"]
            name, serial = asked_id["hash_algorithm"]["algorithm"].native, asked_id["serial_number"].native
            nonce = _nonce(asked)
        except (ValueError, TypeError):
            return _failure("malformed_request")
        if name not in _HASHES:
            return _failure("malformed_request")
        for by in (self._pki.issuing, self._pki.root):
            own = _cert_id(by, serial, name)
            if all(own[part].native == asked_id[part].native for part in _ISSUER):
                return self._answer(asked_id, by, nonce)
        return _failure("unauthorized")

    def _answer(self, asked: ocsp.CertId, by: Authority, nonce: bytes | None) -> bytes:
        now = time_of(self.at, self._clock)
        begun = (self._this_update or now).astimezone(dt.UTC).replace(microsecond=0)
        serial = int(asked["serial_number"].native)
        if self.fault == "other-certificate":
            asked = _cert_id(by, serial + 1, asked["hash_algorithm"]["algorithm"].native)
        single: dict[str, object] = {
            "cert_id": asked,
            "cert_status": self._status(serial, by, begun),
            "this_update": begun,
        }
        if self._good_for is not None:
            single["next_update"] = begun + self._good_for
        data: dict[str, object] = {
            "responder_id": ocsp.ResponderId("by_key", _key_hash(self._signs_for(by).der)),
            "produced_at": now,
            "responses": [single],
        }
        if self.fault == "nonce":
            nonce = bytes(core.OctetString(bytes(16)).dump())
        if nonce is not None and self.fault != "no-nonce":
            value = core.ParsableOctetString(nonce)
            data["response_extensions"] = [{"extn_id": "nonce", "extn_value": value}]
        return self._sign(ocsp.ResponseData(data), by)

    def _status(self, serial: int, by: Authority, begun: dt.datetime) -> ocsp.CertStatus:
        when = self._pki.revoked_at(serial, by)
        status = self.status or ("good" if when is None else "revoked")
        if status == "revoked":
            info = {"revocation_time": (when or begun).astimezone(dt.UTC).replace(microsecond=0)}
            return ocsp.CertStatus("revoked", ocsp.RevokedInfo(info))
        return ocsp.CertStatus(status, ocsp.StatusGood() if status == "good" else ocsp.StatusUnknown())

    def _signs_for(self, by: Authority) -> Credential | Authority:
        if self._responder is not None:
            return self._responder
        if not self._delegated:
            return by
        serial = by.certificate.serial_number
        if serial not in self._responders:
            self._responders[serial] = self._pki.issue_ocsp_responder(authority=by)
        return self._responders[serial]

    def _sign(self, data: ocsp.ResponseData, by: Authority) -> bytes:
        speaks = self._signs_for(by)
        key = make_key("p256") if self.fault == "signer" else speaks.key
        if self.fault == "signer":
            speaks = self._pki.issue("Người lạ thử nghiệm", key=key, authority=by)
        name, value = sign_octets(key, data.dump(), "sha256")
        if self.fault == "signature":
            value = value[:-1] + bytes([value[-1] ^ 1])
        carried = isinstance(speaks, Credential) and self.fault != "no-certificate"
        basic = ocsp.BasicOCSPResponse(
            {
                "tbs_response_data": data,
                "signature_algorithm": {"algorithm": name},
                "signature": value,
                **({"certs": [asn1.Certificate.load(speaks.der)]} if carried else {}),
            }
        )
        answer = ocsp.OCSPResponse(
            {
                "response_status": "successful",
                "response_bytes": {"response_type": "basic_ocsp_response", "response": basic},
            }
        )
        return bytes(answer.dump())


def _cert_id(by: Authority, serial: int, hash_name: str) -> ocsp.CertId:
    """Name a certificate as OCSP does (RFC 6960, clause 4.1.1)."""
    issuer = asn1.Certificate.load(by.der)
    return ocsp.CertId(
        {
            "hash_algorithm": {"algorithm": hash_name},
            "issuer_name_hash": hashlib.new(hash_name, issuer.subject.dump()).digest(),
            "issuer_key_hash": _key_hash(by.der, hash_name),
            "serial_number": serial,
        }
    )


def _key_hash(certificate: bytes, hash_name: str = "sha1") -> bytes:
    key = asn1.Certificate.load(certificate).public_key["public_key"]
    # Without the octet that counts unused bits.
    return hashlib.new(hash_name, bytes(key.contents)[1:]).digest()


def _nonce(request: ocsp.OCSPRequest) -> bytes | None:
    """Give the nonce as it stands, DER, to be sent back (RFC 9654, clause 2.1)."""
    extensions = request["tbs_request"]["request_extensions"]
    if isinstance(extensions, core.Void):
        return None
    found = (one["extn_value"] for one in extensions if one["extn_id"].native == "nonce")
    return next((bytes(one.contents) for one in found), None)


def _failure(status: str) -> bytes:
    return bytes(ocsp.OCSPResponse({"response_status": status}).dump())
