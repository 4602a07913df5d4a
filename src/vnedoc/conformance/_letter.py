"""A one-page official letter (*công văn*) as PDF, laid out as NĐ 30/2020, Annex I, asks."""

from __future__ import annotations

import datetime as dt
import io
from importlib.resources import as_file, files

import attrs

from vnedoc.errors import MissingExtra


@attrs.frozen(kw_only=True)
class Letter:
    """The text of the letter.

    Attributes:
        parent: *Cơ quan chủ quản*.
        agency: *Cơ quan ban hành*.
        code: *Số, ký hiệu*.
        place: *Địa danh*.
        date: *Ngày ban hành*.
        subject: *Trích yếu*.
        addressee: *Kính gửi*.
        body: Paragraphs.
        title: *Chức vụ* of the signer.
        signer: *Họ tên* of the signer.
        recipients: *Nơi nhận*.
    """

    parent: str
    agency: str
    code: str
    place: str
    date: dt.date
    subject: str
    addressee: str
    body: tuple[str, ...]
    title: str
    signer: str
    recipients: tuple[str, ...]


def make_letter(letter: Letter) -> bytes:  # noqa: PLR0915 - a page is one list of drawing steps
    """Give the letter as a PDF of one A4 page with embedded fonts; the same text gives the same bytes.

    Raises:
        MissingExtra: reportlab is not installed.
    """
    try:
        from reportlab.lib.pagesizes import A4
        from reportlab.lib.units import mm
        from reportlab.lib.utils import simpleSplit
        from reportlab.pdfbase import pdfmetrics
        from reportlab.pdfbase.ttfonts import TTFont
        from reportlab.pdfgen.canvas import Canvas
    except ImportError as error:
        raise MissingExtra.of("demo", "making the letter of the demo") from error
    for style in ("Regular", "Bold", "Italic"):
        with as_file(files("vnedoc.signing") / "fonts" / f"LiberationSerif-{style}.ttf") as path:
            pdfmetrics.registerFont(TTFont(f"Serif-{style}", path))
    width, height = A4
    target = io.BytesIO()
    page = Canvas(target, pagesize=A4, invariant=True, pdfVersion=(1, 7), lang="vi-VN")
    page.setTitle(f"{letter.code} {letter.subject}")
    page.setAuthor(letter.agency)
    left, right = 30 * mm, width - 20 * mm
    middle_left, middle_right = left + 35 * mm, right - 45 * mm

    def centred(x: float, y: float, text: str, style: str, size: float) -> None:
        page.setFont(f"Serif-{style}", size)
        page.drawCentredString(x, y, text)

    top = height - 25 * mm
    centred(middle_left, top, letter.parent.upper(), "Regular", 12)
    centred(middle_left, top - 15, letter.agency.upper(), "Bold", 12)
    page.line(middle_left - 15 * mm, top - 20, middle_left + 15 * mm, top - 20)
    centred(middle_right, top, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Bold", 12)
    centred(middle_right, top - 15, "Độc lập - Tự do - Hạnh phúc", "Bold", 13)
    page.line(middle_right - 28 * mm, top - 20, middle_right + 28 * mm, top - 20)
    centred(middle_left, top - 38, f"Số: {letter.code}", "Regular", 13)
    when = f"{letter.place}, ngày {letter.date:%d} tháng {letter.date:%m} năm {letter.date:%Y}"
    centred(middle_right, top - 38, when, "Italic", 13)
    y = top - 56
    for line in simpleSplit(letter.subject, "Serif-Regular", 12, 68 * mm):
        centred(middle_left, y, line, "Regular", 12)
        y -= 14
    y -= 26
    centred(width / 2 + 5 * mm, y, f"Kính gửi: {letter.addressee}", "Regular", 14)
    y -= 34
    for paragraph in letter.body:
        page.setFont("Serif-Regular", 14)
        # An indent of 10 mm opens each paragraph, as in printed letters.
        lines = simpleSplit("\u00a0" * 8 + paragraph, "Serif-Regular", 14, right - left)
        for line in lines:
            page.drawString(left, y, line)
            y -= 20
        y -= 6
    y -= 22
    centred(middle_right, y, letter.title.upper(), "Bold", 14)
    centred(middle_right, y - 96, letter.signer, "Bold", 14)
    page.setFont("Serif-Italic", 12)
    page.drawString(left, y, "Nơi nhận:")
    page.setFont("Serif-Regular", 11)
    for number, one in enumerate(letter.recipients, 1):
        page.drawString(left, y - 14 * number, f"- {one}")
    page.showPage()
    page.save()
    return target.getvalue()
