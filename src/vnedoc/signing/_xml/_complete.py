"""The second step, and both in one."""

from __future__ import annotations

import datetime as dt

from vnedoc.dsig import VALUE, XmlForm, stands_alone
from vnedoc.errors import ConfigError
from vnedoc.model import EDXML_TYPE, Level, Limits, Wire
from vnedoc.protocols import RevocationSource, Signer, Timestamper, TrustSource
from vnedoc.signing._augment import augment_xml, require_for_level
from vnedoc.signing._state import SigningState
from vnedoc.signing._validity import require_signer, require_wire
from vnedoc.signing._xml._parts import (
    Place,
    bad_state,
    id_of,
    placed,
    proven_value,
    require_right,
    require_whole,
    text_of_state,
    with_value,
)
from vnedoc.signing._xml._prepare import DEFAULT_FORM, prepare_xml, require_form
from vnedoc.trust import AlgorithmPolicy
from vnedoc.xml import Edit


def complete_xml(wire: Wire, state: SigningState, signature: bytes) -> Wire:
    """Put the signature value in: into the prepared document, or around or beside the prepared content.

    Args:
        wire: What was prepared, unchanged.
        state: What ``prepare_xml`` gave.
        signature: As ``Signer.sign`` gives it: RSA and EdDSA as they are, ECDSA as DER.

    Returns:
        The signed document; for a detached signature, the document that is the signature.

    Raises:
        StateMismatch: ``VND-SIGN-010`` for another document, ``VND-SIGN-043`` for a state that is not of
            this profile or was changed.
        SigningError: ``VND-SIGN-042`` when the value is not by the certificate's key over the octets.
        FileError: ``VND-IO-003`` when the file that was prepared has changed.
    """
    require_wire(wire)
    text = text_of_state(state)
    state.require_document(wire)
    require_whole(wire, state, text)
    octets = placed(wire, state, with_value(state, text, signature))
    require_right(wire, state, octets)
    return _as_wire(wire, state, octets)


def _completed(wire: Wire, state: SigningState, text: str) -> Wire:
    return _as_wire(wire, state, placed(wire, state, text))


def _as_wire(wire: Wire, state: SigningState, octets: bytes) -> Wire:
    same = state.parts.get("packaging", "enveloped") == "enveloped"
    return Wire.from_bytes(octets, wire.content_type if same else EDXML_TYPE)


def finished_signature(state: SigningState, signature: bytes) -> Edit:
    """Give what makes the prepared document the signed one.

    Whoever makes the edit must have held the document against the state, see ``SigningState``.

    Args:
        state: What ``prepare_xml`` or ``prepare_large_xml`` gave, for an enveloped signature.
        signature: As ``Signer.sign`` gives it: RSA and EdDSA as they are, ECDSA as DER.

    Raises:
        StateMismatch: ``VND-SIGN-043`` for a state that is not of this profile or was changed.
        SigningError: ``VND-SIGN-042`` when the value is not by the certificate's key over the octets.
    """
    text = text_of_state(state)
    place = Place.from_parts(state.parts)
    if place.earlier or "packaging" in state.parts or not stands_alone(text):
        raise bad_state("it needs more than a place in the document")
    return Edit(place.offset, place.removed, with_value(state, text, signature).encode())


def sign_xml(
    wire: Wire,
    signer: Signer,
    *,
    signing_time: dt.datetime | None = None,
    parent: tuple[str, ...] | None = None,
    form: XmlForm = DEFAULT_FORM,
    level: Level | str = Level.B_B,
    timestamper: Timestamper | None = None,
    trust: TrustSource | None = None,
    revocation: RevocationSource | None = None,
    at: dt.datetime | None = None,
    limits: Limits | None = None,
    algorithms: AlgorithmPolicy | None = None,
) -> Wire:
    """Sign in one step; with the default form the whole document, XAdES B-B.

    Args:
        wire: What is signed; see ``prepare_xml``, as for the errors.
        signer: The key.
        signing_time: Claimed time, with zone; ``None`` is now.
        parent: Where an enveloped ``Signature`` goes; ``None`` for the root.
        form: How the signature looks.
        level: Baseline level that the signature is raised to at once; see ``augment_xml``, as for the
            errors.
        timestamper: The time-stamping authority, for B-T and above.
        trust: Anchors, for B-LT and above.
        revocation: Revocation data, for B-LT and above.
        at: The time for which the validation data must be good, with zone; ``None`` is now.
        limits: Bounds on the work of raising.
        algorithms: What counts as strong enough in validation data.

    Raises:
        ConfigError: ``VND-SIGN-049`` for a level that a plain signature does not have,
            ``VND-SIGN-055`` for an argument of another kind.
    """
    require_signer(signer)
    require_wire(wire)
    require_form(form)
    above = level not in (Level.B_B, Level.B_B.value)
    if above and not form.xades:
        raise ConfigError(
            "VND-SIGN-049",
            "level does not go with the rest of the form: only XAdES has levels",
            hint="leave one of the two out; see vnedoc.signing.XmlForm",
            facts={"field": "level", "cause": "only XAdES has levels"},
        )
    if above:
        require_for_level(level, timestamper, trust, revocation)
    moment = signing_time or dt.datetime.now(dt.UTC)
    state = prepare_xml(wire, signer, signing_time=moment, parent=parent, form=form).state
    signed = sign_prepared(wire, signer, state)
    if not above:
        return signed
    return augment_xml(
        signed,
        level,
        timestamper=timestamper,
        trust=trust,
        revocation=revocation,
        signature_id=id_of(state.parts["signature"]),
        at=at,
        limits=limits,
        algorithms=algorithms,
        resolver=lambda uri: wire.blob if uri == form.reference else None,
    )


def sign_prepared(wire: Wire, signer: Signer, state: SigningState) -> Wire:
    """Sign and complete a state that was made here and never changed; its value is proven all the same."""
    value = proven_value(state, signer.sign(state.to_be_signed))
    return _completed(wire, state, state.parts["signature"].replace(VALUE, value))
