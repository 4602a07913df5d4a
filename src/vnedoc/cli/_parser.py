"""The grammar of the command line, in one place."""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias

import vnedoc

if TYPE_CHECKING:
    from collections.abc import Callable

    from vnedoc.cli._console import Console

Command: TypeAlias = "Callable[[str, str, str, str], argparse.ArgumentParser]"

_POLICY = "strict|legacy|FILE.toml"


def _later(module: str, name: str) -> Callable[[argparse.Namespace, Console], int]:
    """Import the command only when it runs: ``vnedoc --help`` needs no cryptography."""

    def run(options: argparse.Namespace, console: Console) -> int:
        command: Callable[[argparse.Namespace, Console], int] = getattr(
            import_module(f"vnedoc.cli.{module}"), name
        )
        return command(options, console)

    return run


def build_parser() -> argparse.ArgumentParser:
    """Give the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="vnedoc",
        description="Sign, check and exchange official e-documents of Vietnam.",
        epilog="Exit codes: 0 yes or done, 1 no, 2 usage or input/output, 3 not decided, 130 interrupted.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"vnedoc {vnedoc.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, help_text: str, module: str, function: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=help_text, description=help_text, allow_abbrev=False)
        one.set_defaults(run=_later(module, function))
        return one

    demo = command(
        "demo", "Play the main job with throwaway keys, and leave the files to look at.", "_demo", "demo"
    )
    demo.add_argument(
        "--dir", default="vnedoc-demo", metavar="DIR", help="folder for the files (%(default)s)"
    )
    _lang(demo)

    _looking(command)
    _judging(command)
    _making(command)
    _posting(command)
    command("doctor", "Say what is installed and whether it works.", "_doctor", "doctor")
    return parser


def _looking(command: Command) -> None:
    """Add the commands that need no keys and judge no signature."""
    inspect = command("inspect", "Show what is in a file, without judging it.", "_look", "inspect")
    inspect.add_argument("file", metavar="FILE")
    _content(inspect)
    _limit(inspect)
    _format(inspect, "text", "json")
    _lang(inspect)

    extract = command("extract", "Take attachments out of a file that nobody verified.", "_look", "extract")
    extract.add_argument("file", metavar="FILE")
    extract.add_argument(
        "--out", required=True, metavar="DIR", help="folder; existing files are never replaced"
    )
    _limit(extract)

    check = command("check", "Run the rules of the format; needs no keys.", "_look", "check")
    check.add_argument("files", nargs="+", metavar="FILE", help="a message, or ENVELOPE.json")
    check.add_argument("--dialect", metavar="NAME", help="check the rules of this dialect's edition too")
    check.add_argument(
        "--lenient", action="store_true", help="also read what is not well formed, and say what was mended"
    )
    _limit(check)
    _format(check, "text", "json")
    _lang(check)

    convert = command(
        "convert",
        "Write an edXML message in another dialect, and list what that loses.",
        "_convert",
        "convert",
    )
    convert.add_argument("file", metavar="FILE")
    convert.add_argument(
        "--to",
        required=True,
        metavar="DIALECT",
        help="2016, 2016-official, 2022, 2022-official, 2014 or 2014-inet",
    )
    convert.add_argument("--out", required=True, metavar="FILE", help="written as a whole or not at all")
    convert.add_argument(
        "--lenient", action="store_true", help="also read what is not well formed, and say what was mended"
    )
    convert.add_argument(
        "--directory", metavar="FILE", help="agencies (vnedoc-directory/1), to convert their identifiers"
    )
    convert.add_argument("--lossy", action="store_true", help="write even where something is lost")
    _limit(convert)
    _lang(convert)

    explain = command(
        "explain", "Say what a code or a rule means, in Vietnamese and English.", "_convert", "explain"
    )
    explain.add_argument(
        "code",
        metavar="CODE",
        help="such as VND-EDX-101 or N.MessageHeader.To; a part of one lists what has it",
    )
    _format(explain, "text", "json")


def _judging(command: Command) -> None:
    """Add the commands that judge."""
    verify = command("verify", "Judge every signature in PDF, XML and edXML files.", "_judge", "verify")
    verify.add_argument("files", nargs="+", metavar="FILE")
    _content(verify)
    _verifying(verify)
    _format(verify, "text", "json", "html")
    _lang(verify)

    opened = command(
        "open",
        "Verify an edXML message, then take it in; writes nothing unless it PASSED.",
        "_judge",
        "open_message",
    )
    opened.add_argument("file", metavar="FILE")
    _verifying(opened)
    opened.add_argument(
        "--out", required=True, metavar="DIR", help="folder; existing files are never replaced"
    )
    _lang(opened)


def _making(command: Command) -> None:
    """Add the commands that make signatures."""
    sign = command(
        "sign", "Sign a PDF (PAdES), an XML file (XAdES) or an edXML message (the seal).", "_make", "sign"
    )
    sign.add_argument("file", metavar="FILE")
    _key(sign, required=True)
    sign.add_argument("--out", required=True, metavar="FILE", help="written as a whole or not at all")
    sign.add_argument("--level", default="B-B", metavar="LEVEL", help="baseline level (%(default)s)")
    _stating(sign)
    sign.add_argument(
        "--element",
        metavar="ID",
        help="XML: sign only the element with this Id (default: the whole document)",
    )
    sign.add_argument(
        "--packaging",
        choices=("enveloped", "enveloping", "detached"),
        default="enveloped",
        help="XML: where the signature stands; enveloping holds any file, detached is a file of its own"
        " beside it (%(default)s)",
    )
    _stamping(sign, required=False)

    countersign = command(
        "countersign", "Sign the value of a signature that stands in an XML file.", "_make", "countersign"
    )
    countersign.add_argument("file", metavar="FILE")
    _key(countersign, required=True)
    countersign.add_argument(
        "--signature", required=True, metavar="ID", help="its Id, or signature-N as reports call it"
    )
    countersign.add_argument("--out", required=True, metavar="FILE", help="written as a whole or not at all")
    countersign.add_argument(
        "--style",
        choices=("property", "separate"),
        default="property",
        help="in that signature's unsigned properties, or a signature of its own (%(default)s)",
    )
    _stating(countersign)

    augment = command(
        "augment", "Raise an XML signature, whoever made it, to B-T, B-LT or B-LTA.", "_make", "augment"
    )
    augment.add_argument("file", metavar="FILE")
    augment.add_argument("--out", required=True, metavar="FILE", help="written as a whole or not at all")
    augment.add_argument("--level", default="B-LTA", metavar="LEVEL", help="baseline level (%(default)s)")
    augment.add_argument(
        "--signature",
        metavar="ID",
        help="the signature, where there are several: its Id, or signature-N as reports call it",
    )
    _content(augment)
    _stamping(augment, required=True)

    seal = command(
        "seal", "Write and seal an edXML message from ENVELOPE.json (vnedoc-envelope/1).", "_make", "seal"
    )
    seal.add_argument("file", metavar="ENVELOPE.json")
    _key(seal, required=True)
    seal.add_argument("--out", required=True, metavar="FILE", help="written as a whole or not at all")
    _limit(seal)
    _lang(seal)


def _posting(command: Command) -> None:
    """Add the commands of the exchange."""
    send = command("send", "Put a message into the outbox and send what is due.", "_post", "send")
    send.add_argument("file", metavar="FILE")
    _exchange(send)

    receive = command(
        "receive", "Fetch, verify, take in and answer what waits for an organisation.", "_post", "receive"
    )
    _exchange(receive)
    receive.add_argument("--as", required=True, dest="organ", metavar="ORGANID", help="whose messages")
    _key(receive, required=False)
    _verifying(receive)


def _lang(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--lang", choices=("vi", "en"), default="vi", help="language of the text (%(default)s)"
    )


def _content(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--content",
        action="append",
        default=[],
        metavar="PATH",
        help="file that a detached XML signature covers; found by the name at the end of its URI",
    )


def _limit(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--limit",
        action="append",
        default=[],
        metavar="NAME=NUMBER",
        help="raise or lower a limit, such as file_bytes=2000000000",
    )


def _format(parser: argparse.ArgumentParser, *names: str) -> None:
    parser.add_argument("--format", choices=names, default=names[0], help="form of the output (%(default)s)")


def _key(parser: argparse.ArgumentParser, **more: Any) -> None:
    parser.add_argument("--key", metavar="URI", help="p12:PATH, pem:PATH or pem:KEY?cert=CHAIN", **more)
    parser.add_argument(
        "--passphrase-env",
        metavar="NAME",
        help="environment variable that holds the passphrase (else asked for)",
    )


def _stating(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what the signer states")
    group.add_argument("--place", metavar="CITY", help="where it is signed")
    group.add_argument(
        "--role", action="append", default=[], metavar="TEXT", help="XML: role that the signer claims"
    )
    group.add_argument(
        "--commitment",
        metavar="NAME",
        help="XML: origin, receipt, delivery, sender, approval or creation; or an absolute URI",
    )


def _exchange(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", required=True, metavar="URL", help="SQLAlchemy URL, or a path for SQLite")
    parser.add_argument("--blobs", metavar="DIR", help="folder for large bodies (default: beside the store)")
    parser.add_argument("--via", required=True, metavar="URI", help="transport, such as folder:DIR")


def _stamping(parser: argparse.ArgumentParser, *, required: bool) -> None:
    group = parser.add_argument_group("levels above B-B")
    group.add_argument("--tsa", required=required, metavar="URL", help="time-stamping authority (RFC 3161)")
    _trusting(group)


def _trusting(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--trust",
        action="append",
        default=[],
        metavar="PATH",
        help="trust anchors: PEM, DER, PKCS#7, or a folder",
    )
    group.add_argument(
        "--cert",
        action="append",
        default=[],
        metavar="PATH",
        help="further certificates, not trusted by themselves",
    )
    group.add_argument(
        "--crl", action="append", default=[], metavar="PATH", help="revocation lists and OCSP answers"
    )
    group.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="HOST",
        help="host that may be asked for revocation data; without it nothing is fetched",
    )
    group.add_argument(
        "--allow-private", action="store_true", help="also where its address is one of a private network"
    )
    group.add_argument(
        "--policy", default="strict", metavar=_POLICY, help="what signatures must meet (%(default)s)"
    )
    group.add_argument("--at", metavar="ISO-TIME", help="judge certificates for this time; needs an offset")
    _limit(group)


def _verifying(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("verifying")
    _trusting(group)
    group.add_argument(
        "--revocation", choices=("require", "if-available"), help="default: as the policy says"
    )
    group.add_argument(
        "--covers",
        choices=("document", "element"),
        help="element also takes XML signatures over a part, and says which",
    )
    group.add_argument(
        "--accept", choices=("sealed", "attachments", "rewritten"), help="rule for edXML messages (sealed)"
    )
    group.add_argument(
        "--password-env", metavar="NAME", help="environment variable with the password of a PDF"
    )
