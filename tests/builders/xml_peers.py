"""Independent judges of XML signatures: programs and engines that nobody here wrote.

Each judge takes files and gives, by file, ``valid``, ``invalid``, ``unsupported`` (it does not know an
algorithm) or ``error`` (it did not finish, and does not say why). All signatures of a file must be valid,
and the key is that of the certificate in the file. Detached contents lie beside their signatures.
"""

import contextlib
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lxml import etree

DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"

_JAVA = Path(__file__).resolve().parent.parent / "peers" / "java" / "JudgeXml.java"
_JARS = ("xmlsec", "commons-codec", "slf4j-api", "slf4j-nop")
_NAMED = (
    f"{DS}:Object",
    f"{DS}:SignatureValue",
    f"{XADES}:SignedProperties",
    "urn:thu:Phan",
    "urn:mac-dinh:Cho",
)
_UNKNOWN = re.compile(r"unsupported|error=10:|href=|disabled", re.IGNORECASE)


def java_class_path():
    """Give the jars of Santuario as Debian installs them; ``None`` when one is missing."""
    jars = [Path("/usr/share/java") / f"{name}.jar" for name in _JARS]
    return os.pathsep.join(map(str, jars)) if all(one.is_file() for one in jars) else None


def judge_by_java(java, files):
    """Start Java once, and give the verdicts of the JDK and of Santuario."""
    done = subprocess.run(
        [java, "-Xss8m", "-cp", java_class_path() or ".", str(_JAVA)],
        input="".join(f"{one}\n" for one in files),
        capture_output=True,
        text=True,
        check=True,
        timeout=110,
    )
    verdicts = {"jdk": {}, "santuario": {}}
    for line in done.stdout.splitlines():
        engine, path, verdict, _ = line.split("\t", 3)
        verdicts[engine][Path(path)] = verdict
    return verdicts


def judge_by_xmlsec1(program, files, root):
    """Start ``xmlsec1`` for each signature of each file."""

    def judge(path):
        count = len(_signatures(path))
        verdicts = [_xmlsec1(program, path, root, number) for number in range(1, count + 1)]
        return path, next((one for one in verdicts if one != "valid"), "valid" if count else "invalid")

    with ThreadPoolExecutor(2) as pool:
        return dict(pool.map(judge, files))


def _xmlsec1(program, path, root, number):
    command = [program, "--verify", "--trusted-pem", root, "--enabled-key-data", "x509"]
    for name in _NAMED:
        command += ["--id-attr:Id", name]
    for beside in path.parent.glob("*.bin"):
        command += [f"--url-map:{beside.name}", beside]
    command += ["--node-xpath", f"(//*[local-name()='Signature'])[{number}]", path.name]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30, cwd=path.parent)
    return _verdict(done.returncode == 0, done.stdout + done.stderr)


def judge_by_python_xmlsec(files, root):
    """Let ``libxmlsec`` judge through its Python binding."""
    import xmlsec

    manager = xmlsec.KeysManager()
    manager.load_cert(str(root), xmlsec.constants.KeyDataFormatPem, xmlsec.constants.KeyDataTypeTrusted)
    verdicts = {}
    for path in files:
        tree = etree.parse(str(path))
        xmlsec.tree.add_ids(tree.getroot(), ["Id"])
        verdicts[path] = "valid"
        for one in _signatures(tree):
            try:
                with contextlib.chdir(path.parent):
                    xmlsec.SignatureContext(manager).verify(one)
            except xmlsec.VerificationError:
                verdicts[path] = "invalid"
            except xmlsec.Error:
                verdicts[path] = "error"
    return verdicts


def judge_by_bergshamra(files, root):
    """Let Bergshamra judge, with the root as the one trusted certificate."""
    import pybergshamra
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    manager = pybergshamra.KeysManager()
    anchor = x509.load_pem_x509_certificate(root.read_bytes())
    manager.add_trusted_cert(anchor.public_bytes(Encoding.DER))
    verdicts = {}
    for path in files:
        context = pybergshamra.DsigContext(manager, trusted_keys_only=False, strict_verification=False)
        context.enabled_key_data_x509 = True
        context.base_dir = str(path.parent)
        try:
            found = pybergshamra.verify_all(context, path.read_text(encoding="utf-8"))
        except pybergshamra.BergshamraError as error:
            verdicts[path] = _verdict(False, str(error))
            continue
        said = " ".join(str(one.reason) for one in found if not one)
        good = bool(found) and all(one.all_reference_digests_verified for one in found)
        verdicts[path] = _verdict(good, said)
    return verdicts


def _signatures(source):
    tree = etree.parse(str(source)) if isinstance(source, Path) else source
    return list(tree.iter(f"{{{DS}}}Signature"))


def _verdict(good, said):
    if good:
        return "valid"
    return "unsupported" if _UNKNOWN.search(said) else "invalid"
