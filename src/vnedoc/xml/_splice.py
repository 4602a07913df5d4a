"""Finding the place in the octets where a signature goes in."""

from __future__ import annotations

from xml.parsers import expat

from vnedoc.errors import DecodeError

_CHUNK = 64 * 1024


class _Found(Exception):  # noqa: N818 - stops the parser, is no error
    pass


class _EndTagFinder:
    """Follows one path of local names and notes where its first match ends."""

    def __init__(self, path: tuple[str, ...]) -> None:
        self.offset: int | None = None
        self._path = path
        self._depth = 0  # of the current element
        self._matched = 0  # how many of the current element's ancestors-or-self are on the path
        # lxml trees know no offsets, expat does. It decides nothing: it only finds where to put the octets
        # of a signature into a document that the one parser has already read.
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.StartDoctypeDeclHandler = self._doctype

    def _start(self, name: str, _attributes: object) -> None:
        on_path = self._matched == self._depth < len(self._path)
        if on_path and name.rpartition(":")[2] == self._path[self._depth]:
            self._matched += 1
        self._depth += 1

    def _end(self, _name: str) -> None:
        if self._depth == self._matched == len(self._path):
            self.offset = self.parser.CurrentByteIndex
            raise _Found
        self._depth -= 1
        self._matched = min(self._matched, self._depth)

    def _doctype(self, *_parts: object) -> None:
        raise DecodeError(
            "VND-XML-002",
            "the file has a DOCTYPE, which is not allowed",
            hint="ask the sender for the file without a DOCTYPE",
        )


def end_tag_offset(data: bytes, path: tuple[str, ...]) -> int:
    """Give the offset of the ``<`` of an end tag.

    Args:
        data: A document that ``parse`` accepts.
        path: Local names from the document element down, for example ``("edXML", "edXMLEnvelope")``. The
            first element in document order with that path counts.

    Raises:
        DecodeError: ``VND-XML-034`` when there is no such element or it has no end tag (``<a/>``),
            ``VND-XML-001`` when the octets up to there are not well formed, ``VND-XML-002`` DOCTYPE.
    """
    finder = _EndTagFinder(path)
    view = memoryview(data)
    try:
        for start in range(0, len(view), _CHUNK):
            finder.parser.Parse(bytes(view[start : start + _CHUNK]), False)  # noqa: FBT003 - C signature
        finder.parser.Parse(b"", True)  # noqa: FBT003 - C signature
    except _Found:
        pass
    except expat.ExpatError as error:
        cause = expat.ErrorString(error.code) or "unknown"
        raise DecodeError(
            "VND-XML-001",
            f"not well-formed at line {error.lineno}, column {error.offset + 1}: {cause}",
            hint="ask the sender to export the file again",
            facts={"line": error.lineno, "column": error.offset + 1, "cause": cause},
        ) from error
    offset = finder.offset
    if offset is None or data[offset : offset + 2] != b"</":
        where = "/" + "/".join(path)
        raise DecodeError(
            "VND-XML-034",
            f"there is no element {where} with an end tag",
            path=where,
            hint="the signature needs a place to stand in: write the element with a start and an end tag",
            facts={"element": where},
        )
    return offset
