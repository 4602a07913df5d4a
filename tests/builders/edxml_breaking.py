"""For each rule of the table a message that breaks it, made of a clean one. All agencies are made up."""

import datetime as dt
import unicodedata

import attrs
from edxml_making import full_envelope, full_status

from vnedoc.model import (
    VIETNAM,
    Attachment,
    Blob,
    Business,
    DocumentCode,
    DocumentType,
    Kind,
    OrganId,
    Party,
    Receiver,
    ReceiverChange,
    Replaced,
    StaffInfo,
    StatusCode,
    TraceHeader,
    UnknownElement,
)

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=VIETNAM)
LONG = "x" * 600
DECOMPOSED = unicodedata.normalize("NFD", "ế")
OWN = "000.00.01.Z99,2026/11/20,12/STĐA-VP"
OLD = "000.00.01.Z99,2026/11/19,11/STĐA-VP"

LETTER = Attachment(name="congvan12.pdf", blob=Blob.from_bytes(b"%PDF-1.7\n%%EOF\n"), content_id="1")
GOOD = attrs.evolve(full_envelope(), business=None, attachments=(LETTER,))
GOOD_STATUS = full_status()


class Directory:
    """Knows two agencies; the code of one of them has changed."""

    def resolve(self, organ_id):
        known = {
            "H99.1": OrganId("H99.1", ("000.00.01.H99",)),
            "H99.2": OrganId("H99.2"),
            "000.00.01.Z99": OrganId("000.00.01.Z99"),
            "H98.7": OrganId("H99.2", ("H98.7",)),
        }
        return known.get(organ_id.value)


def doc(**changes):
    return attrs.evolve(GOOD, **changes)


def status(**changes):
    return attrs.evolve(GOOD_STATUS, **changes)


def sender(**changes):
    return doc(sender=attrs.evolve(GOOD.sender, **changes))


def receiver(**changes):
    return doc(receivers=(GOOD.receivers[0], attrs.evolve(GOOD.receivers[1], **changes)))


def coded(number="12", notation="STĐA-VP", **changes):
    return doc(
        code=DocumentCode(number, notation),
        document_id=f"000.00.01.Z99,2026/11/20,{number}/{notation}",
        **changes,
    )


def other(**changes):
    return doc(other=attrs.evolve(GOOD.other, **changes))


def signed(**changes):
    return doc(signer=attrs.evolve(GOOD.signer, **changes))


def answering(**changes):
    return doc(responses_for=(attrs.evolve(GOOD.responses_for[0], **changes),))


def reporting(**changes):
    return status(response_for=attrs.evolve(GOOD_STATUS.response_for, **changes))


def traced(*traces):
    return doc(traces=tuple(TraceHeader(organ_id="H99.1", timestamp=one) for one in traces))


def attached(**changes):
    return doc(attachments=(attrs.evolve(LETTER, **changes),))


def doing(kind=Kind.UPDATE, **changes):
    given = {"reason": "Cập nhật", **({"document_id": OLD} if kind in (Kind.REVOKE, Kind.UPDATE) else {})}
    return doc(business=Business(kind=kind, **{**given, **changes}))


def big():
    blob = Blob(50 * 1024 * 1024 + 1, "sha256:" + "0" * 64, b"%PDF-")
    return attached(blob=blob)


def at(year, month, day, hour=8):
    return dt.datetime(year, month, day, hour, tzinfo=VIETNAM)


def _staffed(**changes):
    return doing(staff=StaffInfo(**changes))


SECRET = UnknownElement(
    parent="edXMLEnvelope/edXMLHeader/MessageHeader/OtherInfo",
    xml='<edXML:Secret xmlns:edXML="http://www.mic.gov.vn/TBT/QCVN_102_2016">Tối mật</edXML:Secret>',
)
BUSINESS = "TraceHeaderList.Bussiness."
CHANGES = BUSINESS + "BussinessDocumentInfo."
REPLACED = BUSINESS + "ReplacementInfoList.ReplacementInfo"
FILE = "AttachmentEncoded.Attachment"
PARTY_LENGTHS = {
    "OrganizationInCharge": "in_charge",
    "OrganAdd": "address",
    "Email": "email",
    "Telephone": "telephone",
    "Fax": "fax",
    "Website": "website",
}

BREAKING = {
    # what is missing
    "N.MessageHeader.To": doc(receivers=()),
    "N.MessageHeader.DocumentId": doc(document_id=None),
    "N.MessageHeader.Code.CodeNumber": doc(code=DocumentCode("", "STĐA-VP")),
    "N.MessageHeader.Code.CodeNotation": doc(code=None),
    "N.MessageHeader.PromulgationInfo.PromulgationDate": doc(date=None),
    "N.MessageHeader.Subject": doc(subject=""),
    f"N.{FILE}.AttachmentName": attached(name=""),
    f"N.{FILE}.ContentId": attached(content_id=""),
    "N.MessageHeader.From.OrganName": sender(name=""),
    "N.MessageHeader.To.OrganName": receiver(name=""),
    "N.MessageHeader.DocumentType.TypeName": doc(type=None),
    "N.MessageHeader.SignerInfo.FullName": doc(signer=None),
    "N.TraceHeaderList.TraceHeader": doc(traces=()),
    f"N.{FILE}": doc(attachments=()),
    "N.ResponseFor.OrganId": reporting(organ_id=None),
    "N.ResponseFor.Code": reporting(code=None),
    "N.ResponseFor.DocumentId": reporting(document_id=None),
    "N.Timestamp": status(timestamp=None),
    "N.Description": status(code=StatusCode.REFUSED, description=None),
    f"N.{BUSINESS}DocumentId": doing(document_id=None),
    f"N.{REPLACED}": doing(Kind.REPLACE),
    f"N.{BUSINESS}BussinessDocReason": doing(reason=None),
    f"N.{CHANGES}ReceiverList.Receiver": doing(changes_receivers=True),
    "N.TraceHeaderList.TraceHeader.OrganId": doc(traces=(TraceHeader(organ_id="null"),)),
    f"N.{FILE}.ContentTransferEncoded": attached(blob=Blob.from_bytes(b"")),
    # stand-ins
    "N.MessageHeader.From.OrganId.Placeholder": sender(organ_id="null"),
    "N.MessageHeader.To.OrganId.Placeholder": receiver(organ_id="N/A"),
    "N.MessageHeader.Code.CodeNumber.Placeholder": coded("0"),
    "N.MessageHeader.Code.CodeNotation.Placeholder": coded(notation="N/A"),
    "N.MessageHeader.Subject.Placeholder": doc(subject=" N/a "),
    "N.MessageHeader.DocumentId.Placeholder": doc(document_id="0"),
    "N.MessageHeader.From.OrganName.Placeholder": sender(name="null"),
    "N.MessageHeader.To.OrganName.Placeholder": receiver(name="..."),
    "N.MessageHeader.DocumentType.TypeName.Placeholder": doc(type=DocumentType("undefined")),
    "N.MessageHeader.SignerInfo.FullName.Placeholder": signed(full_name="không có"),
    "N.From.OrganId.Placeholder": status(sender=Party("null", "A")),
    "N.ResponseFor.OrganId.Placeholder": reporting(organ_id="0"),
    "N.ResponseFor.Code.Placeholder": reporting(code="N/A"),
    "N.ResponseFor.DocumentId.Placeholder": reporting(document_id="null"),
    # lengths and ranges
    "R.MessageHeader.From.OrganName": sender(name="x" * 201),
    "R.MessageHeader.To.OrganName": receiver(name="x" * 201),
    "R.From.OrganName": status(sender=Party("H99.1", "x" * 201)),
    "R.MessageHeader.Code.CodeNumber": coded("1" * 12),
    "R.MessageHeader.Code.CodeNotation": coded(notation="N" * 31),
    "R.MessageHeader.DocumentType.TypeName": doc(type=DocumentType("x" * 101)),
    "R.MessageHeader.Subject": doc(subject="x" * 501),
    "R.MessageHeader.SignerInfo.Position": signed(position="x" * 101),
    "R.MessageHeader.SignerInfo.FullName": signed(full_name="x" * 51),
    "R.MessageHeader.From.OrganId": sender(organ_id="H99." + "1" * 40),
    "R.MessageHeader.To.OrganId": receiver(organ_id="H99." + "1" * 40),
    **{f"R.MessageHeader.From.{name}": sender(**{field: LONG}) for name, field in PARTY_LENGTHS.items()},
    **{f"R.MessageHeader.To.{name}": receiver(**{field: LONG}) for name, field in PARTY_LENGTHS.items()},
    "R.MessageHeader.PromulgationInfo.Place": doc(place="x" * 51),
    "R.MessageHeader.Content": doc(content="x" * 501),
    "R.MessageHeader.SignerInfo.Competence": signed(competence="KT. " + "x" * 100),
    "R.MessageHeader.ToPlaces.Place": doc(to_places=("a", "x" * 151)),
    "R.MessageHeader.ToPlaces.Place.All": doc(to_places=("x" * 126,) * 8),
    "R.MessageHeader.OtherInfo.SphereOfPromulgation": other(sphere="x" * 101),
    "R.MessageHeader.OtherInfo.TyperNotation": other(typist="x" * 11),
    f"R.{FILE}.AttachmentName": attached(name="x" * 600 + ".pdf"),
    "R.MessageHeader.OtherInfo.PageAmount": other(pages=1000),
    "R.MessageHeader.OtherInfo.PromulgationAmount": other(copies=-1),
    f"R.{BUSINESS}Paper": doing(Kind.NEW, paper=3),
    "R.MessageHeader.DocumentType.Type": doc(type=DocumentType("Công văn", -1)),
    "R.MessageHeader.DocumentType.TypeDetail": doc(type=DocumentType("Công văn", 1, 1000)),
    f"R.{FILE}.ContentTransferEncoded": big(),
    # organisations
    "M.MessageHeader.To.OrganId.Duplicate": doc(receivers=("H99.1", OrganId("000.00.01.H99", ("H99.1",)))),
    "T.MessageHeader.From.OrganId": sender(organ_id="so.a"),
    "T.MessageHeader.To.OrganId": receiver(organ_id="000.1137.H53"),
    "T.From.OrganId": status(sender=Party("abc", "A")),
    "T.ResponseFor.OrganId": reporting(organ_id="abc"),
    "R.MessageHeader.From.OrganId.Levels": sender(organ_id="H99.1.2.3.4"),
    "R.MessageHeader.To.OrganId.Levels": receiver(organ_id="H99.1.2.3.4"),
    "R.From.OrganId.Levels": status(sender=Party("H99.1.2.3.4", "A")),
    "R.ResponseFor.OrganId.Levels": reporting(organ_id="H99.1.2.3.4"),
    "R.MessageHeader.From.OrganId.2016": sender(organ_id="H99.123.456.789"),
    "R.MessageHeader.To.OrganId.2016": receiver(organ_id="H99.123.456.789"),
    "R.From.OrganId.2016": status(sender=Party("H99.123.456.789", "A")),
    "T.MessageHeader.From.OrganId.2016": sender(organ_id="H99.9"),
    "T.MessageHeader.To.OrganId.2016": receiver(organ_id="H99.9"),
    "T.From.OrganId.2016": GOOD_STATUS,
    "T.MessageHeader.From.OrganId.2022": sender(organ_id="000.00.09.H99"),
    "T.MessageHeader.To.OrganId.2022": receiver(organ_id="000.00.09.H99"),
    "T.From.OrganId.2022": status(sender=Party("000.00.09.H99", "A")),
    "M.MessageHeader.To.OrganId.Sender": receiver(organ_id="000.00.01.Z99"),
    "M.ResponseFor.OrganId.Sender": reporting(organ_id="H99.1"),
    "M.MessageHeader.To.OrganId.Directory": receiver(organ_id="H97.1"),
    "M.ResponseFor.OrganId.Directory": reporting(organ_id="H97.1"),
    "M.MessageHeader.To.OrganId.Successor": receiver(organ_id="H98.7"),
    "M.ResponseFor.OrganId.Successor": reporting(organ_id="H98.7"),
    # number, notation, type
    "T.MessageHeader.Code.CodeNumber": coded("12a"),
    "T.MessageHeader.Code.CodeNumber.Zero": coded("7"),
    "T.MessageHeader.Code.CodeNotation": coded(notation="STĐA - VP"),
    "T.MessageHeader.Code.CodeNotation.Number": coded(notation="12/STĐA-VP"),
    "M.MessageHeader.Code.CodeNotation.Type": coded(notation="KH-STĐA", type=DocumentType("Quyết định")),
    "M.MessageHeader.Code.CodeNotation.Letter": coded(notation="QĐ-STĐA"),
    "M.MessageHeader.Code.CodeNotation.Year": coded(notation="2025/QĐ-STĐA", type=DocumentType("Quyết định")),
    "T.MessageHeader.DocumentType.TypeName": doc(type=DocumentType("Quyết đinh")),
    # identifier and answer
    "T.MessageHeader.DocumentId": doc(document_id="1da394ba-2117-4354-a23f-6ec3e47ba81b"),
    "M.MessageHeader.DocumentId.Issuer": doc(document_id="H99.8,2026/11/20,12/STĐA-VP"),
    "M.MessageHeader.DocumentId.Date": doc(document_id="000.00.01.Z99,2026/02/30,12/STĐA-VP"),
    "M.MessageHeader.DocumentId.Code": doc(document_id="000.00.01.Z99,2026/11/20,13/STĐA-VP"),
    "M.MessageHeader.ResponseFor.DocumentId.Itself": answering(document_id=OWN, code="12/STĐA-VP"),
    "M.MessageHeader.ResponseFor.Code.Swapped": answering(organ_id="7/STĐB", code="H99.1"),
    "T.MessageHeader.ResponseFor.Code": answering(code="7"),
    "M.MessageHeader.ResponseFor.DocumentId.Date": answering(date=dt.date(2026, 11, 2)),
    "M.MessageHeader.ResponseFor.DocumentId.Code": answering(code="8/STĐB"),
    "M.ResponseFor.Code.Swapped": reporting(organ_id="12/STĐA-VP", code="000.00.01.Z99"),
    "T.ResponseFor.Code": reporting(code="12"),
    "M.ResponseFor.DocumentId.Date": reporting(date=dt.date(2026, 11, 2)),
    "M.ResponseFor.DocumentId.Code": reporting(code="8/STĐA-VP"),
    "M.ResponseFor.Direction": status(code=StatusCode.RECALL),
    # texts
    "T.Text.NFC": doc(subject=DECOMPOSED),
    "T.Text.Control": doc(content="a\u202eb"),
    "T.Text.Replacement": doc(subject="V/v h\ufffdp"),
    "T.Text.Legacy": doc(subject="Céng hoµ x· héi chñ nghÜa ViÖt Nam"),
    "T.MessageHeader.From.Email": sender(email="so-a at example"),
    "T.MessageHeader.From.Telephone": sender(telephone="gọi văn thư"),
    "T.MessageHeader.From.Fax": sender(fax="x"),
    "T.MessageHeader.To.Email": receiver(email="x"),
    "T.MessageHeader.To.Telephone": receiver(telephone="x"),
    "T.MessageHeader.To.Fax": receiver(fax="x"),
    f"T.{BUSINESS}StaffInfo.Email": _staffed(email="x"),
    f"T.{BUSINESS}StaffInfo.Mobile": _staffed(mobile="x"),
    "T.From.Email": status(sender=Party("H99.1", "A", email="x")),
    "T.From.Telephone": status(sender=Party("H99.1", "A", telephone="x")),
    "T.From.Fax": status(sender=Party("H99.1", "A", fax="x")),
    "T.StaffInfo.Email": status(staff=StaffInfo(email="x")),
    "T.StaffInfo.Mobile": status(staff=StaffInfo(mobile="x")),
    "M.MessageHeader.OtherInfo.SphereOfPromulgation.Secret": other(sphere="MẬT"),
    "M.MessageHeader.Subject.Secret": doc(subject="[Tuyệt mật] V/v thử nghiệm"),
    "M.MessageHeader.OtherInfo.Secret": doc(unknown=(SECRET,)),
    "T.MessageHeader.SignerInfo.Competence": signed(competence="KT GIÁM ĐỐC"),
    "M.MessageHeader.SignerInfo.Position.Competence": signed(competence="KT. GIÁM ĐỐC", position="Giám đốc"),
    "T.MessageHeader.OtherInfo.Appendixes.Appendix.Roman": other(appendixes=("Phụ lục I", "Phụ lục 2")),
    # dates
    "M.MessageHeader.DueDate": doc(due_date=dt.date(2026, 11, 19)),
    "R.MessageHeader.PromulgationInfo.PromulgationDate.Future": doc(date=dt.date(2026, 11, 23)),
    "R.MessageHeader.ResponseFor.PromulgationDate.Future": answering(date=dt.date(2026, 12, 1)),
    "R.TraceHeaderList.TraceHeader.Timestamp.Future": traced(at(2026, 11, 22, 13)),
    "R.ResponseFor.PromulgationDate.Future": reporting(date=dt.date(2026, 11, 23)),
    "R.Timestamp.Future": status(timestamp=at(2026, 11, 23)),
    "R.MessageHeader.PromulgationInfo.PromulgationDate": doc(date=dt.date(1, 1, 1)),
    "R.MessageHeader.DueDate": doc(due_date=dt.date(1900, 1, 1)),
    "R.TraceHeaderList.TraceHeader.Timestamp": traced(at(1900, 1, 1)),
    "R.Timestamp": status(timestamp=at(1900, 1, 1)),
    "M.MessageHeader.ResponseFor.PromulgationDate": answering(date=dt.date(2026, 11, 21)),
    "M.TraceHeaderList.TraceHeader.Timestamp.Order": traced(at(2026, 11, 21), at(2026, 11, 20)),
    "M.TraceHeaderList.TraceHeader.Timestamp.Issued": traced(at(2026, 11, 19)),
    # business
    f"M.{BUSINESS}BussinessDocType.Fields": doing(Kind.NEW, document_id=OLD),
    f"M.{REPLACED}.DocumentId.Itself": doing(Kind.REPLACE, replaced=(Replaced(OWN),)),
    f"M.{REPLACED}.DocumentId.Code": doing(
        Kind.REPLACE, replaced=(Replaced("000.00.01.Z99,2026/11/01,12/STĐA-VP"),)
    ),
    f"M.{REPLACED}.DocumentId.Duplicate": doing(
        Kind.REPLACE, replaced=(Replaced(OLD), Replaced(OLD, ("H99.1",)))
    ),
    f"M.{CHANGES}ReceiverList.Receiver.ReceiverType": doing(
        receivers=(
            Receiver(OrganId("H99.1", ("000.00.01.H99",)), ReceiverChange.ADDED),
            Receiver("000.00.01.H99", ReceiverChange.REMOVED),
        )
    ),
    f"M.{CHANGES}ReceiverList.Receiver.OrganId.Duplicate": doing(
        receivers=(Receiver("H99.1"), Receiver("H99.1"))
    ),
    f"M.{CHANGES}DocumentReceiver": doing(changes_receivers=False, receivers=(Receiver("H99.1"),)),
    f"M.{CHANGES}DocumentInfo": doing(changes_content=False, changes_receivers=False),
    # attachments
    f"M.{FILE}.ContentId.Duplicate": doc(attachments=(LETTER, attrs.evolve(LETTER, name="b.pdf"))),
    f"T.{FILE}.ContentId": attached(content_id="cid:1"),
    f"T.{FILE}.AttachmentName.Safe": attached(name="../a.pdf"),
    f"T.{FILE}.AttachmentName.Local": attached(name="Công văn 12.pdf"),
    f"M.{FILE}.AttachmentName.Duplicate": doc(attachments=(LETTER, attrs.evolve(LETTER, content_id="2"))),
    f"M.{FILE}.AttachmentName.PDF": attached(name="congvan12.docx"),
}  # fmt: skip
