"""Asking a time-stamping authority (RFC 3161 over HTTP), and taking only an answer to what was asked."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import NoReturn

from vnedoc.errors import DecodeError, InputError, SigningError, TransportError
from vnedoc.protocols import Fetcher, Timestamper
from vnedoc.trust._cms import CmsFault, TimestampToken, check_token, read_token
from vnedoc.trust._cms._der import INTEGER, SEQUENCE, Element, malformed, read

_BIT_STRING, _UTF8_STRING = 0x03, 0x0C
_GRANTED = frozenset({0, 1})
_STATUSES = {
    0: "granted",
    1: "grantedWithMods",
    2: "rejection",
    3: "waiting",
    4: "revocationWarning",
    5: "revocationNotification",
}
# Bit number -> name (RFC 3161, clause 2.4.2).
_FAILURES = {
    0: "badAlg",
    2: "badRequest",
    5: "badDataFormat",
    14: "timeNotAvailable",
    15: "unacceptedPolicy",
    16: "unacceptedExtension",
    17: "addInfoNotAvailable",
    25: "systemFailure",
}
_HASHES = ("sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512")
# A token with a chain has some thousands of octets.
_MOST_OCTETS = 256 * 1024
_MOST_TEXT = 200
_NONCE_BITS = 64


class TsaClient:
    """A ``Timestamper`` that asks an authority over HTTP.

    Of the answer are checked: the status, that its token holds the imprint, the hash, the nonce and the
    policy that were asked for, and that its signature is right and names the certificate that made it.
    Whether that certificate is to be trusted is for whoever verifies the document, at any later time.
    """

    def __init__(
        self,
        url: str,
        fetcher: Fetcher,
        *,
        policy: str | None = None,
        nonce: bool = True,
        certificates: bool = True,
    ) -> None:
        """Name the authority.

        Args:
            url: Of the authority, such as ``http://tsa.example.vn/``.
            fetcher: Must allow the address; authorities may be slow, so give it a time-out that fits.
            policy: Dotted identifier of the policy that the token must be made under, ``None`` for any.
            nonce: Send a number that must come back, so that an old answer is none.
            certificates: Ask for the authority's certificate in the token; without it the token's signature
                cannot be checked here.
        """
        self._url = url
        self._fetcher = fetcher
        self._policy = policy
        self._nonce = nonce
        self._certificates = certificates

    def timestamp(self, imprint: bytes, hash_name: str) -> bytes:
        """Give a ``TimeStampToken``, DER, over an imprint.

        Args:
            imprint: The hash of what is to be stamped.
            hash_name: Which hash, as ``hashlib`` writes it; SHA-1 is read in old tokens, never asked for.

        Raises:
            InputError: ``VND-TRUST-064`` for an unknown hash, or an imprint of another length.
            TransportError: The authority cannot be reached, see the fetcher.
            SigningError: ``VND-TRUST-060`` the answer cannot be read, ``VND-TRUST-061`` it is a refusal,
                ``VND-TRUST-062`` it is about something else, ``VND-TRUST-063`` the token is not sound.
        """
        if hash_name not in _HASHES or len(imprint) != hashlib.new(hash_name).digest_size:
            raise InputError(
                "VND-TRUST-064",
                f"no time stamp can be asked for over {len(imprint)} octets of {hash_name}",
                hint="give the digest itself, made with sha256, sha384, sha512 or their SHA-3 kin",
                facts={"hash": hash_name[:40], "seen": len(imprint), "allowed": list(_HASHES)},
            )
        # Its highest bit is set, so that it is a positive INTEGER of the same length each time.
        nonce = secrets.randbits(_NONCE_BITS) | 1 << (_NONCE_BITS - 1) if self._nonce else None
        answer = self._fetcher.fetch(
            self._url,
            body=self._request(imprint, hash_name, nonce),
            content_type="application/timestamp-query",
            accept="application/timestamp-reply",
            max_bytes=_MOST_OCTETS,
        )
        token = _token_of(answer)
        self._compare(token, imprint, hash_name, nonce)
        if self._certificates:
            try:
                check_token(token)
            except CmsFault as fault:
                raise SigningError(
                    "VND-TRUST-063",
                    f"the time stamp is not sound: {fault.problem}",
                    hint="tell the authority, or use another one",
                    facts={"unsound": fault.problem},
                ) from fault
        return token.der

    def _request(self, imprint: bytes, hash_name: str, nonce: int | None) -> bytes:
        from asn1crypto import tsp

        request = {
            "version": "v1",
            "message_imprint": {
                "hash_algorithm": {"algorithm": hash_name},
                "hashed_message": imprint,
            },
            "cert_req": self._certificates,
            **({} if self._policy is None else {"req_policy": self._policy}),
            **({} if nonce is None else {"nonce": nonce}),
        }
        return bytes(tsp.TimeStampReq(request).dump())

    def _compare(self, token: TimestampToken, imprint: bytes, hash_name: str, nonce: int | None) -> None:
        """Refuse a token that answers another question (RFC 3161, clause 2.2)."""
        differs = [
            name
            for name, fits in (
                ("hash", token.hash_name == hash_name),
                ("imprint", hmac.compare_digest(token.imprint, imprint)),
                ("nonce", nonce is None or token.nonce == nonce),
                ("policy", self._policy is None or token.policy == self._policy),
            )
            if not fits
        ]
        if differs:
            raise SigningError(
                "VND-TRUST-062",
                f"the time stamp is not the one that was asked for: another {', '.join(differs)}",
                hint="do not use it; tell the authority, or whoever stands between it and you",
                facts={"differs": differs},
            )


def first_that_answers(*authorities: Timestamper) -> Timestamper:
    """Give a ``Timestamper`` that asks the authorities in this order until one gives a time stamp.

    Whatever an authority raises moves on to the next one; the last one's error is raised. A caller's own
    mistake (``InputError``) is raised at once.

    Raises:
        InputError: ``VND-TRUST-065`` when there are none.
    """
    if not authorities:
        raise InputError("VND-TRUST-065", "no time-stamping authority was given", hint="give at least one")
    return _Several(authorities)


class _Several:
    def __init__(self, authorities: tuple[Timestamper, ...]) -> None:
        self._authorities = authorities

    def timestamp(self, imprint: bytes, hash_name: str) -> bytes:
        *others, last = self._authorities
        for one in others:
            try:
                return one.timestamp(imprint, hash_name)
            except (SigningError, TransportError):
                continue
        return last.timestamp(imprint, hash_name)


def _token_of(answer: bytes) -> TimestampToken:
    """Take the token out of a ``TimeStampResp``."""
    try:
        response = read(answer)
        if response.end != len(answer):
            raise malformed("octets after the answer")
        info, *rest = response.expect(SEQUENCE).children()
        parts = info.expect(SEQUENCE).children()
        status = parts[0].expect(INTEGER).integer()
        if status not in _GRANTED:
            _refused(status, parts[1:])
        if len(rest) != 1:
            raise malformed("an answer without a time stamp")
        return read_token(rest[0].raw)
    except DecodeError as error:
        cause = str(error.facts.get("cause", error.message))
    except (IndexError, ValueError, TypeError):
        cause = "a part is missing"
    raise SigningError(
        "VND-TRUST-060",
        f"the authority's answer cannot be read: {cause}",
        hint="check that the address is that of a time-stamping authority (RFC 3161)",
        facts={"cause": cause},
    )


def _refused(status: int, parts: list[Element]) -> NoReturn:
    texts: list[str] = []
    failure = ""
    for part in parts:
        if part.tag == SEQUENCE:
            texts = [one.expect(_UTF8_STRING).content.decode("utf-8", "replace") for one in part.children()]
        elif part.tag == _BIT_STRING:
            bits = int.from_bytes(part.content[1:5].ljust(4, b"\0"), "big")
            failure = next((name for bit, name in _FAILURES.items() if bits >> (31 - bit) & 1), "")
    name = _STATUSES.get(status, str(status)[:20])
    text = "".join(letter if letter.isprintable() else " " for letter in "; ".join(texts))[:_MOST_TEXT]
    raise SigningError(
        "VND-TRUST-061",
        f"the authority refused: {name} {failure} {text}".rstrip(),
        hint="check the policy and the hash, try again later, or use another authority",
        facts={"status": name, "failure": failure or "none", "text": text},
    )
