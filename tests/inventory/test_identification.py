"""Numbers of vehicles: what is taken as one, what is said of the others, and what a VIN says by itself."""

from __future__ import annotations

import pytest
from django.utils import translation
from hypothesis import assume, given
from hypothesis import strategies as st

from inventory import identification
from inventory.identification import (
    BadNumber,
    Decoded,
    check_vin,
    decode,
    engine_number,
    normalise,
    plate,
    spellings,
)

PUBLISHED = [
    "1M8GDM9AXKP042788",  # the example of most descriptions, with an X
    "1HGCM82633A004352",
    "5GZCZ43D13S812715",
    "1HD1GP4558K319097",
    "5YJSA1H12FFP71790",
    "11111111111111111",  # the example whose sum is 89 and whose check digit is 1
]
ALLOWED = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"


def words(text: str, *, check_digit: bool = True) -> str:
    with pytest.raises(BadNumber) as refused:
        check_vin(text, check_digit=check_digit)
    return str(refused.value)


# -- normalising


def test_a_number_is_stored_in_capitals_without_spaces_dashes_and_what_is_not_seen() -> None:
    assert normalise(" mh1-jm21 10\u2013lk\u00a0123456\u200b\ufeff\t") == "MH1JM2110LK123456"


@given(st.text())
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


# -- VIN and frame number


@pytest.mark.parametrize("vin", PUBLISHED)
def test_a_published_vin_is_taken(vin: str) -> None:
    assert check_vin(vin.lower(), check_digit=True) == vin


@pytest.mark.parametrize("vin", ["MH1JM2110LK123456", "WBAVB13506PT22181", "LBPPCJ000L0000001", "JH2PC35051M200021"])
def test_outside_north_america_the_check_digit_may_be_anything(vin: str) -> None:
    assert check_vin(vin, check_digit=True) == vin


def test_a_vin_of_north_america_that_was_compared_is_taken_without_its_check_digit() -> None:
    assert check_vin("3VWZZZ1KZ8M000001", check_digit=False) == "3VWZZZ1KZ8M000001"


@pytest.mark.parametrize("frame", ["JM9126PK230036", "jf51-10ak123456"])
def test_a_frame_number_of_14_characters_is_taken(frame: str) -> None:
    assert check_vin(frame, check_digit=True) == normalise(frame)


def test_a_wrong_check_digit_is_named_with_the_one_expected() -> None:
    said = words("1M8GDM9A1KP042788")
    assert "“1M8GDM9A1KP042788” has 1 at position 9" in said
    assert "the other characters give X" in said
    assert "Compare all of them" in said


@pytest.mark.parametrize(("letter", "digit"), [("I", "1"), ("O", "0"), ("q", "0")])
def test_a_letter_that_no_vin_has_is_named_with_its_place_and_what_it_may_be(letter: str, digit: str) -> None:
    said = words(f"MH1JM21{letter}0LK123456")
    assert f"the letter {letter.upper()} at position 8" in said
    assert f"is it the digit {digit}?" in said


@pytest.mark.parametrize("character", ["*", "é", "４", "."])
def test_another_character_is_named_with_its_place(character: str) -> None:
    assert f"“{character.upper()}” at position 4" in words(f"MH1{character}M2110LK123456")


@pytest.mark.parametrize("length", [1, 13, 15, 16, 18])
def test_a_number_of_another_length_is_told_how_long_it_is(length: int) -> None:
    assert f"has {length} characters: a VIN has 17" in words("1" * length)


@pytest.mark.parametrize("nothing", ["", "  ", "--"])
def test_no_number_is_told_what_to_copy(nothing: str) -> None:
    assert "There is no VIN: copy all 17 characters" in words(nothing)


def test_a_very_long_value_is_not_repeated_in_full() -> None:
    assert len(words("A" * 10_000)) < 300


def test_a_percent_sign_in_the_value_is_only_repeated() -> None:
    assert "“%(VALUE)S” has “%” at position 1" in words("%(value)s")


def test_the_words_are_translated_when_they_are_shown() -> None:
    with pytest.raises(BadNumber) as refused:
        check_vin("", check_digit=True)
    with translation.override("id"):
        assert str(refused.value)


@given(st.sampled_from(PUBLISHED), st.integers(0, 16), st.sampled_from(ALLOWED))
def test_one_misread_character_of_a_north_american_vin_is_refused(vin: str, place: int, character: str) -> None:
    changed = vin[:place] + character + vin[place + 1 :]
    assume(changed[0] in identification.NORTH_AMERICA)
    same_sum = identification.expected_check_digit(changed) == changed[8]
    if same_sum:  # the letter stands for the same digit, as A, J and 1 do
        assert check_vin(changed, check_digit=True) == changed
        assert identification.VALUES[character] == identification.VALUES[vin[place]] or place == 8
    else:
        with pytest.raises(BadNumber, match="position 9"):
            check_vin(changed, check_digit=True)


@given(st.text(max_size=20), st.booleans())
def test_any_text_is_a_number_or_refused_in_words(text: str, check_digit: bool) -> None:
    try:
        number = check_vin(text, check_digit=check_digit)
    except BadNumber as refused:
        said = str(refused)
    else:
        said = "taken"
        assert len(number) in (14, 17)
        assert check_vin(number, check_digit=check_digit) == number
    assert said


# -- what a VIN says


@pytest.mark.parametrize(
    ("vin", "expected"),
    [
        ("MH1JM2110LK123456", Decoded("Honda", "Astra Honda Motor", "Indonesia", "Asia", 2020)),
        ("MH3SG3110KJ000001", Decoded("Yamaha", "Yamaha Indonesia Motor Manufacturing", "Indonesia", "Asia", 2019)),
        ("MHKV5EA1JHK000001", Decoded("Daihatsu", "Astra Daihatsu Motor", "Indonesia", "Asia", 2017)),
        ("JH2PC35051M200020", Decoded("Honda", "Honda Motor", "Japan", "Asia", 2001)),
        (
            "1HGCM82633A004352",
            Decoded("Honda", "Honda of America Manufacturing", "United States", "North America", 2003),
        ),
        ("WBAVB13506PT22181", Decoded("BMW", "BMW", "Germany", "Europe", None)),
        ("WVWZZZ1KZ8W000001", Decoded("Volkswagen", "Volkswagen", "Germany", "Europe", 2008)),
        ("1M8GDM9AXKP042788", Decoded("MCI", "Motor Coach Industries", "United States", "North America", 2019)),
        ("MHZ00000000000001", Decoded("", "", "Indonesia", "Asia", None)),
    ],
)
def test_a_vin_says_make_manufacturer_country_region_and_year(vin: str, expected: Decoded) -> None:
    assert decode(vin, this_year=2026) == expected


def test_a_frame_number_of_14_characters_says_nothing() -> None:
    assert decode("JM9126PK230036", this_year=2026) == Decoded("", "", "", "", None)


def test_what_is_no_vin_says_what_is_wrong_with_it() -> None:
    with pytest.raises(BadNumber, match="has 3 characters"):
        decode("MH1")


@pytest.mark.parametrize(
    ("code", "year"),
    [("A", 2010), ("S", 2025), ("T", 2026), ("V", 2027), ("W", 1998), ("9", 2009), ("0", None), ("U", None)],
)
def test_the_year_is_the_latest_that_is_not_more_than_one_ahead(code: str, year: int | None) -> None:
    assert decode(f"MH1JM2110{code}K123456", this_year=2026).year == year


@pytest.mark.parametrize(
    ("vin", "year"),
    [
        ("1FTEW15PXAF000001", 1980),
        ("1FTEW1EPXAF000001", 2010),
        ("1HD1KHC15AB000001", 2010),
        ("1HD1KH415AB000001", 2010),
        ("1FTEW1EPXYF000001", 2000),
    ],
)
def test_position_7_tells_the_30_years_apart_in_north_america_but_for_motorcycles(vin: str, year: int) -> None:
    assert decode(vin, this_year=2026).year == year


@given(st.text(ALLOWED, min_size=17, max_size=17), st.integers(2024, 2060))
def test_any_vin_says_something_or_nothing(vin: str, this_year: int) -> None:
    said = decode(vin, this_year=this_year)
    assert said.year is None or 1980 <= said.year <= this_year + 1


@pytest.mark.parametrize(
    ("code", "make"),
    [("JYA", "Yamaha"), ("JN1", "Nissan"), ("1HT", ""), ("1FT", "Ford"), ("SMT", "Triumph"), ("ZZZ", "")],
)
def test_a_maker_that_we_do_not_list_is_named_by_the_library_or_not_at_all(code: str, make: str) -> None:
    assert decode(code + "0" * 14).make == make


# -- engine number


@pytest.mark.parametrize(
    ("text", "stored"),
    [("jm91e2230029", "JM91E2230029"), (" JM91E – 2230029 ", "JM91E-2230029"), ("1NR-F123456", "1NR-F123456")],
)
def test_an_engine_number_keeps_its_dashes(text: str, stored: str) -> None:
    assert engine_number(text) == stored
    assert engine_number(stored) == stored


@pytest.mark.parametrize("text", ["", "A123", "ENGINE", "JM91E_223", "1" * 21, "-----"])
def test_what_is_no_engine_number_is_refused_with_words(text: str) -> None:
    with pytest.raises(BadNumber, match="5 to 20 letters, digits and dashes") as refused:
        engine_number(text)
    assert f"“{text.strip()}”" in str(refused.value)


# -- plate


@pytest.mark.parametrize(
    ("text", "stored"),
    [("b1234xyz", "B 1234 XYZ"), ("AB-12-c", "AB 12 C"), ("RI 1", "RI 1"), (" d 1 aa ", "D 1 AA")],
)
def test_an_indonesian_plate_is_area_number_and_series(text: str, stored: str) -> None:
    assert plate(text) == stored
    assert plate(stored) == stored


@pytest.mark.parametrize("text", ["", "1234", "B 0123 XY", "B 12345 X", "ABC 123 D", "B 1234 WXYZ", "B 1234 é"])
def test_what_is_no_indonesian_plate_is_refused_with_words(text: str) -> None:
    with pytest.raises(BadNumber, match="as in B 1234 XYZ"):
        plate(text)


@pytest.mark.parametrize(
    ("text", "country", "stored"),
    [("m-ab  1234", "DE", "M-AB 1234"), ("sba 1234 a", "SG", "SBA 1234 A"), ("กก 1234", "TH", "กก 1234")],
)
def test_a_plate_of_another_country_is_taken_as_it_is_written(text: str, country: str, stored: str) -> None:
    assert plate(text, country=country) == stored


@pytest.mark.parametrize("text", ["", "A", "- 1 -", "<b>12</b>", "1234567890123"])
def test_what_is_no_plate_anywhere_is_refused_with_words(text: str) -> None:
    with pytest.raises(BadNumber, match="2 to 12 letters, digits, spaces and dashes"):
        plate(text, country="MY")


@pytest.mark.parametrize(
    ("vin", "make", "some", "others"),
    [
        ("MH1JM9126PK230036", "Honda", {"MH1JM9126PK230036", "JM9126PK230036"}, {"MLHJM9126PK230036"}),
        (
            "JM9126PK230036",
            "Honda",
            {"JM9126PK230036", "MH1JM9126PK230036", "MLHJM9126PK230036"},
            {"MH3JM9126PK230036"},
        ),
        ("MHFJM9126PK230036", "Honda", {"MHFJM9126PK230036"}, {"JM9126PK230036"}),
        ("AFH126PK230036", "", {"AFH126PK230036"}, {"MH1AFH126PK230036"}),
    ],
)
def test_a_number_is_written_with_and_without_the_code_of_its_maker(
    vin: str, make: str, some: set[str], others: set[str]
) -> None:
    found = spellings(vin, make)
    assert some <= found
    assert not others & found
