"""A state of the XML profile that was changed between the two steps is not completed."""

import attrs
import pytest
from level_builders import AT, person

from vnedoc.errors import StateMismatch
from vnedoc.model import Wire
from vnedoc.signing import XmlForm, complete_xml, prepare_xml

DOCUMENT = b"<D><S Id='part'>1000</S></D>"
FORMS = {
    "whole": XmlForm(),
    "part": XmlForm(reference="#part"),
    "enveloping": XmlForm(packaging="enveloping"),
    "detached": XmlForm(packaging="detached", reference="content"),
}


def prepared(form="whole", document=DOCUMENT):
    signer = person().signer()
    wire = Wire.from_bytes(document, "application/xml")
    state = prepare_xml(wire, signer, signing_time=AT, form=FORMS[form]).state
    return wire, state, signer.sign(state.to_be_signed)


def text_with(before, after):
    def change(parts):
        assert before in parts["signature"]
        return {"signature": parts["signature"].replace(before, after)}

    return change


CHANGES = {
    "a comment before": lambda _: {"earlier": "<!-- -->", "earlier_offset": "17"},
    "a text before": lambda _: {"earlier": "9", "earlier_offset": "17"},
    "an identifier in a text": lambda _: {"earlier": ' Id="x"', "earlier_offset": "17"},
    "octets taken away": lambda _: {"removed": "1"},
    "two octets taken away": lambda _: {"removed": "2"},
    "another packaging": lambda _: {"packaging": "detached"},
    "packaging around": lambda _: {"packaging": "enveloping", "content": "xml"},
    "an element behind": lambda parts: {"signature": parts["signature"] + "<S>9</S>"},
    "a text behind": lambda parts: {"signature": parts["signature"] + "9"},
    "an element before": lambda parts: {"signature": "<S>9</S>" + parts["signature"]},
    "a text in front": lambda parts: {"signature": "9" + parts["signature"]},
    "an element around": lambda parts: {"signature": f'<S a="9">{parts["signature"]}</S>'},
    "an object": text_with("</Signature>", "<Object><S>9</S></Object></Signature>"),
    "key information": text_with("<X509Data>", "<X509SubjectName>9</X509SubjectName><X509Data>"),
    "a name of a key": text_with("<KeyInfo>", "<KeyInfo><KeyName>1000 đồng</KeyName>"),
}


@pytest.mark.parametrize("form", ["whole", "part"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_state_is_not_completed(form, change):
    wire, state, value = prepared(form)
    parts = {**state.parts, **CHANGES[change](state.parts)}
    with pytest.raises(StateMismatch) as caught:
        complete_xml(wire, attrs.evolve(state, parts=parts), value)
    assert caught.value.code == "VND-SIGN-043"


@pytest.mark.parametrize("form", FORMS)
def test_a_state_as_it_was_made_is_completed(form):
    wire, state, value = prepared(form)
    done = complete_xml(wire, state, value).read()
    assert done.count(b"SignatureValue>") == 2


def test_an_empty_document_takes_its_signature_and_no_more():
    wire, state, value = prepared("whole", b"<D/>")
    assert state.parts["removed"] == "2"
    assert complete_xml(wire, state, value).read().startswith(b"<D><")
    for text in (f"><S>9</S>{state.parts['signature'][1:]}", f"{state.parts['signature']}<S/>"):
        changed = attrs.evolve(state, parts={**state.parts, "signature": text})
        with pytest.raises(StateMismatch) as caught:
            complete_xml(wire, changed, value)
        assert caught.value.code == "VND-SIGN-043"
