"""Messages of every shape for hypothesis. All agencies are made up."""

import datetime as dt
import re
import unicodedata

import attrs
from hypothesis import strategies as st

from vnedoc.model import (
    VIETNAM,
    Attachment,
    Blob,
    Business,
    DocumentCode,
    DocumentType,
    Envelope,
    Kind,
    OtherInfo,
    Party,
    Priority,
    Receiver,
    ReceiverChange,
    Replaced,
    ResponseFor,
    SignerInfo,
    StaffInfo,
    StatusCode,
    StatusMessage,
    Steering,
    TraceHeader,
    UnknownAttribute,
    UnknownElement,
)

# Vietnamese letters, markup, white space in the middle, and letters outside the basic plane.
_LETTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co")) | st.sampled_from(
    "ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ<>&'\"]\t\n\r"
)


def _tidy(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip(" \t\r\n")


texts = st.text(_LETTERS, min_size=1, max_size=20).map(_tidy).filter(bool)
maybe = st.none() | texts
organs = st.from_regex(r"(000\.00\.[0-9]{2}\.Z99|H99(\.[0-9]{1,2}){0,3})", fullmatch=True)
documents = (
    st.text(_LETTERS, min_size=1, max_size=30).map(lambda text: re.sub(r"\s", "", _tidy(text))).filter(bool)
)
dates = st.dates(min_value=dt.date(1, 1, 2))
times = st.datetimes(min_value=dt.datetime(2, 1, 1), max_value=dt.datetime(9998, 1, 1)).map(  # noqa: DTZ001 - the zone follows
    lambda at: at.replace(microsecond=0, tzinfo=VIETNAM)
)
integers = st.none() | st.integers(-(10**9), 10**9)
flags = st.none() | st.booleans()


def filled(cls, **fields):
    """Give objects of which at least one field says something: an empty group is the same as none."""
    return st.builds(cls, **fields).filter(
        lambda one: any(value not in (None, (), "") for value in attrs.asdict(one, recurse=False).values())
    )


def many(strategy):
    return st.lists(strategy, max_size=3).map(tuple)


parties = st.builds(
    Party,
    organs,
    st.just("") | texts,
    in_charge=maybe,
    address=maybe,
    email=maybe,
    telephone=maybe,
    fax=maybe,
    website=maybe,
)
responses = filled(
    ResponseFor,
    organ_id=st.none() | organs,
    code=maybe,
    date=st.none() | dates,
    document_id=st.none() | documents,
)
staffs = filled(StaffInfo, department=maybe, staff=maybe, mobile=maybe, email=maybe)
businesses = st.builds(
    Business,
    kind=st.sampled_from(Kind),
    reason=maybe,
    document_id=st.none() | documents,
    changes_content=flags,
    changes_receivers=flags,
    receivers=many(st.builds(Receiver, organs, st.sampled_from(ReceiverChange))),
    replaced=many(
        st.builds(
            Replaced,
            documents,
            many(organs.map(lambda value: Party(value).organ_id)),
        )
    ),
    staff=st.none() | staffs,
    paper=integers,
)
# Contents that no reader would take for a transport zip, and types for both places.
attachments = st.builds(
    Attachment,
    name=texts,
    blob=st.binary(max_size=64).filter(lambda data: not data.startswith(b"PK")).map(Blob.from_bytes),
    content_id=documents.filter(lambda value: not value.lower().startswith("cid:")),
    content_type=texts,
    attachment_type=texts,
    description=maybe,
)
unknowns = st.builds(
    UnknownElement,
    parent=st.sampled_from(["", "edXMLEnvelope/edXMLHeader", "edXMLEnvelope/edXMLHeader/MessageHeader/From"]),
    after=st.none(),
    xml=st.sampled_from(
        ['<a xmlns="urn:x"></a>', "<b><c></c></b>", '<x:d xmlns:x="urn:x" e="&quot;&amp;">ư&lt;</x:d>']
    ),
)
unknown_attributes = st.lists(
    st.builds(
        UnknownAttribute,
        parent=st.sampled_from(["", "edXMLEnvelope", "edXMLEnvelope/edXMLHeader/MessageHeader/From/OrganId"]),
        name=st.sampled_from(["lang", "{urn:x}a", "{urn:y}a", "{http://www.w3.org/XML/1998/namespace}lang"]),
        value=texts,
    ),
    max_size=3,
    unique_by=lambda one: (one.parent, one.name),
).map(lambda ones: tuple(sorted(ones, key=lambda one: len(one.parent))))
envelopes = st.builds(
    Envelope,
    sender=parties,
    receivers=many(parties),
    document_id=st.none() | documents,
    code=st.none() | st.builds(DocumentCode, texts, st.just("") | texts),
    place=maybe,
    date=st.none() | dates,
    type=st.none() | st.builds(DocumentType, texts, integers, integers),
    subject=maybe,
    content=maybe,
    signer=st.none() | filled(SignerInfo, competence=maybe, position=maybe, full_name=maybe),
    due_date=st.none() | dates,
    to_places=many(texts),
    other=st.none()
    | filled(
        OtherInfo,
        priority=st.none() | st.sampled_from(Priority),
        sphere=maybe,
        typist=maybe,
        copies=integers,
        pages=integers,
        direction=flags,
        appendixes=many(texts),
    ),
    responses_for=many(responses),
    steering=st.none() | st.sampled_from(Steering),
    traces=many(filled(TraceHeader, organ_id=maybe, timestamp=st.none() | times)),
    business=st.none() | businesses,
    attachments=st.lists(attachments, max_size=3, unique_by=lambda one: one.content_id).map(tuple),
    unknown=st.just(()) | st.tuples(unknowns),
    unknown_attributes=unknown_attributes,
)
statuses = st.builds(
    StatusMessage,
    sender=parties,
    response_for=responses,
    code=st.sampled_from(StatusCode),
    description=maybe,
    staff=st.none() | staffs,
    timestamp=st.none() | times,
    unknown=st.just(()) | st.tuples(unknowns),
    unknown_attributes=unknown_attributes,
)
