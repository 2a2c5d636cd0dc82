"""Management commands as a program calls them: what they write, line by line, and how they end."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

MAIN_DEALER = "H2Z"


def called(name: str, *arguments: str, as_json: bool = True) -> tuple[int, list[Any]]:
    """The exit status of a command and the lines of its output, as JSON or as words."""
    output, status = StringIO(), 0
    try:
        call_command(name, *arguments, *(["--json"] if as_json else []), stdout=output, stderr=StringIO())
    except SystemExit as ending:
        status = ending.code if isinstance(ending.code, int) else 1
    lines = output.getvalue().splitlines()
    return status, [json.loads(line) for line in lines] if as_json else lines


def refusal(name: str, *arguments: str) -> str:
    """The words that a command gives up with; such a one exits with status 1."""
    with pytest.raises(CommandError) as caught:
        call_command(name, *arguments, stdout=StringIO(), stderr=StringIO())
    return str(caught.value)


def connect(base_url: str, *dealers: str, main_dealer: str = MAIN_DEALER, **options: str) -> Any:
    """What dgi_connect says of a connection that it made."""
    chosen = [text for code in dealers or ("08138",) for text in ("--dealer", code)]
    more = [text for option, value in options.items() for text in (f"--{option.replace('_', '-')}", value)]
    status, [line] = called("dgi_connect", "--main-dealer", main_dealer, "--base-url", base_url, *chosen, *more)
    assert status == 0
    return line
