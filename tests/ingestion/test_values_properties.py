"""What holds for every value that an answer may carry."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion import values
from ingestion.values import Unreadable
from tests.ingestion.roads import unhurried
from tests.ingestion.test_values import READERS, WIB, WIT, WITA

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.text(alphabet="0123456789/:-., \tTZE+\x00\ud800", max_size=25)
    | st.datetimes(timezones=st.none() | st.just(UTC)).map(str)
    | st.times().map(str)
)
JSON = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.text(max_size=3), SCALARS, max_size=2)


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@unhurried
@given(value=JSON)
def test_any_value_is_read_or_unreadable_and_nothing_else(read: Any, value: object) -> None:
    with suppress(Unreadable):
        found = read(value)
        assert found is None or (found == found.strip() != "" and not values.UNSTORABLE.search(found))


@pytest.mark.parametrize("kind", READERS)
@unhurried
@given(value=JSON)
def test_canonical_text_is_a_fixed_point(kind: str, value: object) -> None:
    found = None
    with suppress(Unreadable):
        found = READERS[kind](value)
    assert READERS[kind](found) == found


@unhurried
@given(st.integers(-(10**15), 10**15), st.integers(0, 6), st.integers(0, 4), st.sampled_from(["", " ", "\t"]))
def test_numbers_equal_in_value_have_one_canonical_text(digits: int, places: int, zeros: int, blank: str) -> None:
    exact = Decimal(digits).scaleb(-places)
    plain = f"{exact:f}"
    padded = plain + ("" if "." in plain or not zeros else ".") + "0" * zeros
    spellings = [exact, plain, padded, padded.replace(".", ","), f"{blank}{plain}{blank}", f"{digits}E-{places}"]
    found = {values.number(spelling) for spelling in spellings}
    assert len(found) == 1
    assert Decimal(found.pop() or "x") == exact


@pytest.mark.parametrize("zone", [WIB, WITA, WIT], ids=str)
@unhurried
@given(at=st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 30)), year_first=st.booleans())
def test_the_moment_of_a_formatted_datetime_comes_back(zone: ZoneInfo, at: datetime, year_first: bool) -> None:
    at = at.replace(microsecond=0)
    text = f"{at.year:04}/{at:%m/%d %H:%M:%S}" if year_first else f"{at:%d/%m}/{at.year:04} {at:%H:%M:%S}"
    found = values.moment(text, zone)
    assert found is not None
    assert datetime.fromisoformat(found) == at.replace(tzinfo=zone).astimezone(UTC)
    assert values.day(text, zone) == at.date().isoformat()
    assert values.clock(text) == at.time().isoformat()
