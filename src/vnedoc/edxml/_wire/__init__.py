"""The wire table: values, rows and dialects."""

from vnedoc.edxml._spaces import E_DOC, GO_VN, INET, QCVN, SOAP, XLINK, XMLDSIG, XSI
from vnedoc.edxml._wire._dialects import DEFAULT, DIALECTS, dialect, misspelt
from vnedoc.edxml._wire._rows import Carried, Dialect, Reference, Row, clark
from vnedoc.edxml._wire._values import BASE64, STATUS_CODE, Value

__all__ = [
    "BASE64",
    "DEFAULT",
    "DIALECTS",
    "E_DOC",
    "GO_VN",
    "INET",
    "QCVN",
    "SOAP",
    "STATUS_CODE",
    "XLINK",
    "XMLDSIG",
    "XSI",
    "Carried",
    "Dialect",
    "Reference",
    "Row",
    "Value",
    "clark",
    "dialect",
    "misspelt",
]
