"""What the tests brought along is what was published."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

VENDOR = Path(__file__).with_name("vendor")


def test_every_vendored_file_is_the_one_its_checksum_was_noted_of() -> None:
    noted = dict(re.findall(r"^\| `([^`]+)` \|.*\| ([0-9a-f]{64}) \|$", (VENDOR / "README.md").read_text(), re.M))
    found = {each.name: sha256(each.read_bytes()).hexdigest() for each in VENDOR.iterdir() if each.name != "README.md"}
    assert found == noted
