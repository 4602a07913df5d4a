"""A throwaway time-stamping authority (RFC 3161), in memory. It stamps any time, and lies when told to."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
from typing import Literal, TypeAlias

from asn1crypto import cms, core, tsp
from asn1crypto import x509 as asn1

from vnedoc.conformance._pki import Credential, FakePki, time_of
from vnedoc.conformance._signature import sign_octets
from vnedoc.errors import SigningError
from vnedoc.protocols import Clock

TsaFault: TypeAlias = Literal[
    "imprint",
    "hash",
    "nonce",
    "no-nonce",
    "policy",
    "rejection",
    "waiting",
    "signer",
    "no-ess",
    "other-ess",
    "no-certificate",
    "signature",
    "content-type",
    "garbage",
]
"""What a misbehaving authority does: another imprint, hash, nonce or policy; no nonce though one was sent; a
refusal or a promise; a signature by another key than that of the certificate it names; no, or another's, ESS
attribute; no certificate; a broken value; another content type; octets that are no answer at all."""

_OTHER_POLICY = "2.999.2"
_GARBAGE = b"<html>no time today</html>"


class FakeTsa:
    """A time-stamping authority: a ``Timestamper``, and a service that ``serve`` puts on HTTP.

    Attributes:
        credential: Certificate and key that it stamps with.
        at: The time that it stamps; ``None`` asks the clock. May be changed at any moment.
        fault: How it misbehaves; ``None``: not at all. May be changed at any moment.
    """

    def __init__(
        self,
        pki: FakePki,
        *,
        credential: Credential | None = None,
        at: dt.datetime | None = None,
        clock: Clock | None = None,
        policy: str = "2.999.1",
        hash_name: str = "sha256",
        accuracy: int | None = 1,
        chain: bool = False,
        fault: TsaFault | None = None,
    ) -> None:
        """Open an authority.

        Args:
            pki: Issues its certificate unless *credential* is given, and says what time it is.
            credential: What to stamp with; any certificate, also one that is not fit for it.
            at: The time to stamp, with zone; default that of *clock*, or of *pki*.
            clock: Tells the time when *at* is not given.
            policy: Dotted identifier of its policy.
            hash_name: Of the token's own signature; with ``sha1`` the ESS attribute is the old one too.
            accuracy: Whole seconds, ``None`` for no such statement.
            chain: Whether a token carries the authorities' certificates too.
            fault: How it misbehaves.
        """
        self.credential = credential or pki.issue_tsa()
        self.at = at if at is not None or clock is not None else pki.at
        self.fault = fault
        self._clock = clock
        self._policy = policy
        self._hash_name = hash_name
        self._accuracy = accuracy
        self._chain = chain
        self._serials = itertools.count(1)
        self._stranger = pki.issue("Người lạ thử nghiệm", key="p256")

    def timestamp(self, imprint: bytes, hash_name: str) -> bytes:
        """Give a ``TimeStampToken``, DER, without any protocol around it; octets that are none when told to.

        Raises:
            SigningError: ``VND-TRUST-061`` when it is to refuse.
        """
        if self.fault in ("rejection", "waiting"):
            raise SigningError(
                "VND-TRUST-061", "refused", facts={"status": self.fault, "text": "", "failure": "none"}
            )
        if self.fault == "garbage":
            return _GARBAGE
        return self._token(imprint, hash_name, nonce=None, policy=None, certificates=True)

    def answer(self, request: bytes) -> bytes:
        """Give the ``TimeStampResp``, DER, to a ``TimeStampReq``."""
        if self.fault == "garbage":
            return _GARBAGE
        if self.fault == "waiting":
            return _refusal("waiting", "Đang chờ", None)
        if self.fault == "rejection":
            return _refusal("rejection", "Không phục vụ lúc này", "time_not_available")
        try:
            asked = tsp.TimeStampReq.load(request, strict=True)
            imprint = asked["message_imprint"]
            name, digest = imprint["hash_algorithm"]["algorithm"].native, imprint["hashed_message"].native
            nonce, policy = asked["nonce"].native, asked["req_policy"].native
            certificates = asked["cert_req"].native
        except (ValueError, TypeError):
            return _refusal("rejection", "Yêu cầu sai cấu trúc", "bad_data_format")
        if policy not in (None, self._policy):
            return _refusal("rejection", "Không có chính sách này", "unaccepted_policy")
        if name not in hashlib.algorithms_available or len(digest) != hashlib.new(name).digest_size:
            return _refusal("rejection", "Không nhận thuật toán băm này", "bad_alg")
        token = self._token(digest, name, nonce=nonce, policy=policy, certificates=certificates)
        granted = {"status": "granted"}
        return bytes(
            tsp.TimeStampResp({"status": granted, "time_stamp_token": cms.ContentInfo.load(token)}).dump()
        )

    def _token(
        self, imprint: bytes, hash_name: str, *, nonce: int | None, policy: str | None, certificates: bool
    ) -> bytes:
        fault = self.fault
        if fault == "imprint":
            imprint = bytes(len(imprint))
        elif fault == "hash":
            hash_name, imprint = ("sha512", bytes(64)) if hash_name == "sha256" else ("sha256", bytes(32))
        elif fault == "policy":
            policy = _OTHER_POLICY
        elif fault == "no-nonce":
            nonce = None
        elif fault == "nonce":
            nonce = (nonce or 0) + 1
        info = tsp.TSTInfo(
            {
                "version": "v1",
                "policy": policy or self._policy,
                "message_imprint": {
                    "hash_algorithm": {"algorithm": hash_name},
                    "hashed_message": imprint,
                },
                "serial_number": next(self._serials),
                "gen_time": time_of(self.at, self._clock),
                **({} if self._accuracy is None else {"accuracy": {"seconds": self._accuracy}}),
                **({} if nonce is None else {"nonce": nonce}),
            }
        )
        return self._sign(info.dump(), certificates=certificates and fault != "no-certificate")

    def _sign(self, content: bytes, *, certificates: bool) -> bytes:
        kind = "data" if self.fault == "content-type" else "tst_info"
        own = asn1.Certificate.load(self.credential.der)
        attributes = cms.CMSAttributes(
            [
                {"type": "content_type", "values": [kind]},
                {"type": "message_digest", "values": [hashlib.new(self._hash_name, content).digest()]},
                *self._binding(),
            ]
        )
        key = (self._stranger if self.fault == "signer" else self.credential).key
        name, value = sign_octets(key, attributes.dump(), self._hash_name)
        if self.fault == "signature":
            value = value[:-1] + bytes([value[-1] ^ 1])
        digest = {"algorithm": self._hash_name}
        carried = [own] if certificates else []
        if certificates and self._chain:
            carried += [asn1.Certificate.load(one) for one in self.credential.chain]
        octets = core.OctetString if kind == "data" else core.ParsableOctetString
        content_info: dict[str, object] = {"content_type": kind, "content": octets(content)}
        signed = cms.SignedData(
            {
                "version": "v3" if kind == "tst_info" else "v1",
                "digest_algorithms": [digest],
                "encap_content_info": content_info,
                **({"certificates": carried} if carried else {}),
                "signer_infos": [
                    {
                        "version": "v1",
                        "sid": cms.IssuerAndSerialNumber(
                            {"issuer": own.issuer, "serial_number": own.serial_number}
                        ),
                        "digest_algorithm": digest,
                        "signed_attrs": attributes,
                        "signature_algorithm": {"algorithm": name},
                        "signature": value,
                    }
                ],
            }
        )
        return bytes(cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump())

    def _binding(self) -> list[dict[str, object]]:
        """Give the ESS attribute that names the certificate (RFC 2634, 5.4; RFC 5035, 3)."""
        if self.fault == "no-ess":
            return []
        named = (self._stranger if self.fault == "other-ess" else self.credential).der
        if self._hash_name == "sha1":
            old = tsp.SigningCertificate({"certs": [{"cert_hash": hashlib.sha1(named).digest()}]})  # noqa: S324
            return [{"type": "signing_certificate", "values": [old]}]
        digest = {
            "hash_algorithm": {"algorithm": self._hash_name},
            "cert_hash": hashlib.new(self._hash_name, named).digest(),
        }
        return [{"type": "signing_certificate_v2", "values": [tsp.SigningCertificateV2({"certs": [digest]})]}]


def _refusal(status: str, text: str, failure: str | None) -> bytes:
    info: dict[str, object] = {"status": status, "status_string": [text]}
    if failure is not None:
        info["fail_info"] = {failure}
    # The class knows no answer without a token; the standard does (RFC 3161, clause 2.4.2).
    return bytes(core.SequenceOf([tsp.PKIStatusInfo(info)], spec=tsp.PKIStatusInfo).dump())
