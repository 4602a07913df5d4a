"""The rows of the public XAdES vectors, and their detached files."""

import csv

from vnedoc.model import Blob


def rows(folder):
    with (folder / "index.tsv").open(encoding="utf-8") as handle:
        return list(csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE))


def detached_files(folder, row):
    """Give what resolves the URIs of detached files, where they are at hand."""
    listed = row["detached_inputs"].split("|") if row["detached_inputs"] != "-" else []
    known = dict(one.rsplit("=", 1) for one in listed)

    def resolver(uri):
        name = known.get("(no URI)" if uri is None else uri)
        return None if name in (None, "NOT AVAILABLE") else Blob.from_file(folder / name)

    return resolver
