"""The wire table: values, rows and dialects."""

from vnedoc.edxml._wire._dialects import (
    DEFAULT,
    E_DOC,
    GO_VN,
    INET,
    NAMES,
    QCVN,
    SOAP,
    XLINK,
    XMLDSIG,
    XSI,
    dialect,
    misspelt,
)
from vnedoc.edxml._wire._rows import Carried, Dialect, Reference, Row, clark
from vnedoc.edxml._wire._values import BASE64, STATUS_CODE, Value

__all__ = [
    "BASE64",
    "DEFAULT",
    "E_DOC",
    "GO_VN",
    "INET",
    "NAMES",
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
