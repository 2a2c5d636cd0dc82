"""Pages to print, as PDF: a template of typst and its data, with our own fonts and without any network.

A template holds the layout and no words; all it shows comes as JSON, so that what somebody typed is never markup.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typst

FONTS = Path(__file__).parent / "fonts"


def pdf_of(template: Path, data: Mapping[str, Any], timestamp: int) -> bytes:
    """The PDF of a template, which may read files of its own folder; the same data make the same one."""
    made: bytes = typst.compile(
        str(template),
        root=str(template.parent),
        font_paths=[str(FONTS)],
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        format="pdf",
        timestamp=timestamp,
    )
    return made
