"""Round trips over generated messages, and mutated bytes: a value or a ``VnedocError``, nothing else."""

import datetime as dt
from contextlib import suppress

import attrs
from edxml_making import (
    FROM,
    PDF,
    TO,
    attachment,
    carrying,
    decode,
    document,
    encode,
    full_envelope,
    full_status,
    reference,
    zip_of,
)
from edxml_strategies import envelopes, statuses
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vnedoc.edxml import check, decode_document, extract, from_json, to_json
from vnedoc.errors import InputError, VnedocError
from vnedoc.model import (
    VIETNAM,
    Blob,
    Kind,
    Limits,
    Priority,
    ReceiverChange,
    StatusCode,
    Steering,
)
from vnedoc.xml import parse


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(envelopes)
def test_documents_come_back_as_they_went(envelope):
    """QCVN 102:2016/BTTTT, sections 1 and 2: every field of the model has its element."""
    data = encode(envelope)
    assert decode(data).message == envelope
    assert encode(decode(data).message) == data


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(statuses)
def test_statuses_come_back_as_they_went(status):
    data = encode(status)
    decoded = decode(data)
    assert decoded.message == status
    assert encode(decoded.message) == data


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=50)
@given(envelope=envelopes)
def test_json_comes_back_as_it_went(tmp_path_factory, envelope):
    folder = tmp_path_factory.mktemp("json")
    paths = []
    for number, one in enumerate(envelope.attachments):
        (folder / f"{number}.bin").write_bytes(one.blob.read())
        paths.append(f"{number}.bin")
    assert from_json(to_json(envelope, paths), folder) == envelope


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(envelopes | statuses)
def test_the_rules_judge_every_message(message):
    for finding in check(message):
        assert finding.code.startswith("VND-EDX-1")
        assert finding.facts["source"]


# --- any value that a constructor takes -----------------------------------------------------------

_ANYTHING = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=8)
    | st.binary(max_size=8)
    | st.dates()
    | st.datetimes(timezones=st.just(VIETNAM) | st.just(dt.UTC) | st.none())
    | st.sampled_from([*Kind, *StatusCode, *Priority, *Steering, *ReceiverChange, Blob.from_bytes(b"x")])
)


@st.composite
def any_value(draw, strategy):
    """Give a good value with some fields, its own or of its parts, replaced by what a constructor takes."""
    value = draw(strategy)
    for name in draw(st.lists(st.sampled_from([one.name for one in attrs.fields(type(value))]), max_size=6)):
        part = getattr(value, name)
        item = part[0] if isinstance(part, tuple) and part else part
        if attrs.has(type(item)) and not isinstance(item, Blob):
            changed = draw(any_value(st.just(item)))
            changed = (changed,) if isinstance(part, tuple) else changed
        else:
            changed = draw(_ANYTHING | st.lists(_ANYTHING, max_size=2))
        with suppress(InputError):
            value = attrs.evolve(value, **{name: changed})
    return value


@settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=300)
@given(any_value(st.just(full_envelope()) | st.just(full_status())))
def test_what_a_constructor_takes_is_judged_and_written_or_refused(message):
    check(message)
    try:
        encode(message)
    except VnedocError:
        return


# --- hostile bytes --------------------------------------------------------------------------------

SEEDS = (
    encode(full_envelope()),
    encode(full_status()),
    carrying(zip_of({"a": PDF})),
    document(
        FROM + TO + '<x xmlns="urn:y">1</x>',
        references=reference("1") + reference("2") + reference(None),
        attachments=attachment("2") + attachment(None) + attachment("3"),
    ),
)
PIECES = (
    b"<edXML:To>",
    b"</edXML:To>",
    b"<edXML:StatusCode>03</edXML:StatusCode>",
    b"<!---->",
    b"<?x?>",
    b"&lt;",
    b"&#0;",
    b" a='1'",
    b"<edXML:Bussiness/>",
    b"=",
    b"\xff",
    b"PK\x03\x04",
    b"xmlns=''",
)


def survives(data: bytes) -> None:
    limits = Limits(attachment_bytes=100_000, total_bytes=200_000)
    for repair in (False, True):
        try:
            parsed = parse(data, limits, repair=repair)
            extract(parsed, limits)
            message = decode_document(parsed, limits).message
            check(message)
            again = decode(encode(message)).message
            assert encode(again) == encode(message)
        except VnedocError:
            continue


@st.composite
def mutated(draw):
    data = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 40)))
        data = data[:start] + draw(st.sampled_from(PIECES) | st.binary(max_size=8)) + data[end:]
    return data


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=150)
@given(mutated())
def test_mutated_messages_give_a_value_or_an_error_of_ours(data):
    survives(data)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=150)
@given(st.data())
def test_swapped_elements_give_a_value_or_an_error_of_ours(data):
    """Lines of our own output moved, doubled and dropped: still well formed, and wrong in structure."""
    lines = data.draw(st.sampled_from(SEEDS[:2])).splitlines(keepends=True)
    leaves = [n for n, line in enumerate(lines) if line.strip().endswith(b">") and b"</" in line]
    for _ in range(data.draw(st.integers(1, 4))):
        source = data.draw(st.sampled_from(leaves))
        target = data.draw(st.sampled_from(leaves))
        lines[target] = data.draw(st.sampled_from([lines[source], lines[target] + lines[source], b""]))
    survives(b"".join(lines))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=100)
@given(st.data())
def test_mutated_zips_give_a_value_or_an_error_of_ours(data):
    packed = zip_of({"a": PDF * 4})
    at = data.draw(st.integers(0, len(packed) - 1))
    packed = packed[:at] + data.draw(st.binary(min_size=1, max_size=4)) + packed[at + 1 :]
    survives(carrying(packed))
