"""The RELAX NG grammars: what a correct message of each dialect is, for other tools."""

from __future__ import annotations

from importlib import resources

from vnedoc.edxml._wire import DIALECTS, dialect
from vnedoc.errors import ConfigError


def relaxng(name: str, *, part: bool = False) -> str:
    """Give the grammar of a dialect: RELAX NG (ISO/IEC 19757-2) in its XML syntax, one file by itself.

    It is strict: the order in which the dialect is written, the cardinalities and code lists, the lengths
    that are certain, and no unknown element. ``check`` says more, and ``EdXmlCodec`` reads more.

    Args:
        name: Name of the dialect, one of ``DIALECTS``. For 2014 the grammar is that of the SOAP part.
        part: Give the grammar of an attachment's own MIME part instead, which only 2014 has.

    Raises:
        ConfigError: ``VND-EDX-011`` when there is no such dialect, or it has no parts.
    """
    if part and dialect(name).part is None:
        known = [one for one in DIALECTS if dialect(one).part is not None]
        raise ConfigError(
            "VND-EDX-011",
            f"attachments of the dialect {name} are no parts of their own",
            hint=f"use one of {', '.join(known)}, or the grammar of the whole message",
            facts={"seen": name, "known": known},
        )
    file = f"schemas/edxml-{dialect(name).name}{'-part' if part else ''}.rng"
    return resources.files("vnedoc.edxml").joinpath(file).read_text("utf-8")
