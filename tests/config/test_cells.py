"""What a value of a list or a page looks like, whatever stands in it."""

from __future__ import annotations

import pytest
from django.template import Context, Template

from config.backoffice.cells import Cell

WILD = '<b>"A" & B</b>'
TAME = "&lt;b&gt;&quot;A&quot; &amp; B&lt;/b&gt;"


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        (Cell(), '<span class="none">–</span>'),
        (Cell(WILD), TAME),
        (Cell("Amir <b>", words=("amir", "<B>")), "<mark>Amir</mark> <mark>&lt;b&gt;</mark>"),
        (Cell(WILD, address='/?a="1"&b'), f'<a href="/?a=&quot;1&quot;&amp;b">{TAME}</a>'),
        (Cell(WILD, tag="ok"), f'<span class="tag ok">{TAME}</span>'),
        (Cell(WILD, tag=""), f'<span class="tag ">{TAME}</span>'),
        (Cell("20 Nov", moment="2026-11-20"), '<time datetime="2026-11-20">20 Nov</time>'),
    ],
)
def test_a_cell_is_told_as_it_is_meant_and_its_text_as_it_stands(cell: Cell, told: str) -> None:
    assert Template("{{ cell }}").render(Context({"cell": cell})) == told
