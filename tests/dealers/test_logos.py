"""A dealership's logo: what is taken as one, who sends it, and who is shown it."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from dealers import logos
from dealers.models import Dealership, Event, Flag, Logo, User
from dealers.roles import Role
from tests.people import with_role

pytestmark = pytest.mark.django_db
SECRET = "taken at -6.2000, 106.8166"
ClientFor = Callable[[User], Client]


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 20), mode: str = "RGB", **how: Any) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, "red" if mode != "CMYK" else 0).save(out, kind, **how)
    return out.getvalue()


def png_of(*chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of these chunks, as somebody makes one by hand."""
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


@pytest.fixture
def branding(dealership_a: Dealership) -> Flag:
    return Flag.objects.create(name="branding", dealership=dealership_a, is_on=True)


@pytest.fixture
def owner(alice: User) -> User:
    return with_role(alice, Role.OWNER, staff=True)


def sent(client: Client, dealership: Dealership, **more: Any) -> Any:
    """The admin's form of the dealership, sent back as it is with something changed."""
    address = f"/admin/dealers/dealership/{dealership.pk}/change/"
    page = client.get(address)
    form = page.context["adminform"].form
    data = {name: form[name].value() or "" for name in form.fields} | {"is_active": "on"}
    for inline in page.context["inline_admin_formsets"]:
        data |= {f"{inline.formset.prefix}-{each}_FORMS": "0" for each in ("TOTAL", "INITIAL")}
    return client.post(address, {name: value for name, value in data.items() if value is not False} | more)


def upload(content: bytes, name: str = "logo.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "image/png")


def address_of(dealership: Dealership) -> str:
    return f"/dealerships/{dealership.pk}/logo.png"


# -- what is taken


@pytest.mark.parametrize(
    ("kind", "mode"), [("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("PNG", "L"), ("JPEG", "CMYK"), ("WEBP", "RGBA")]
)
def test_a_picture_of_each_kind_becomes_a_small_png(kind: str, mode: str) -> None:
    found = logos.read(io.BytesIO(picture(kind, (2000, 500), mode)))
    with Image.open(io.BytesIO(found.png)) as stored:
        assert (stored.format, stored.mode, stored.size) == ("PNG", "RGBA", (512, 128))
    assert (found.width, found.height) == (512, 128)


def test_a_small_picture_is_not_blown_up() -> None:
    assert logos.read(io.BytesIO(picture(size=(16, 16)))).width == 16


def test_what_stands_in_the_file_beside_the_picture_is_gone() -> None:
    said = PngImagePlugin.PngInfo()
    said.add_text("Comment", SECRET)
    exif = Image.Exif()
    exif[0x010E] = SECRET
    for content in (
        picture(pnginfo=said, exif=exif, icc_profile=SECRET.encode()) + b"<script>" + SECRET.encode(),
        picture("JPEG", exif=exif, comment=SECRET.encode()),
        picture("WEBP", exif=exif, xmp=SECRET.encode()),
    ):
        assert SECRET.encode() in content
        png = logos.read(io.BytesIO(content)).png
        names = [name for name in (b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"iCCP", b"tIME", b"<script>") if name in png]
        assert (names, SECRET.encode() in png) == ([], False)


def test_a_picture_that_a_camera_turned_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    found = logos.read(io.BytesIO(picture("JPEG", (40, 20), exif=exif)))
    assert (found.width, found.height) == (20, 40)


@pytest.mark.parametrize(
    "content",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b'\xef\xbb\xbf\n<?xml version="1.0"?><svg/>',
    ],
)
def test_an_svg_is_refused_with_words(content: bytes) -> None:
    with pytest.raises(ValidationError, match="SVG"):
        logos.read(io.BytesIO(content))


def test_a_picture_that_unpacks_beyond_measure_is_refused_before_it_is_unpacked() -> None:
    for width, height in ((60_000, 60_000), (4097, 4096), (5_000, 5_000)):
        head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        bomb = png_of((b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b""))
        with pytest.raises(ValidationError, match="too many pixels"):
            logos.read(io.BytesIO(bomb))


def test_a_file_that_is_too_large_is_refused_and_not_read_to_its_end() -> None:
    file = io.BytesIO(picture() + b"\0" * (5 * logos.MOST_BYTES))
    with pytest.raises(ValidationError, match="too large"):
        logos.read(file)
    assert file.tell() == logos.MOST_BYTES + 1


@pytest.mark.parametrize("content", [b"", b"GIF89a", picture("GIF"), picture("BMP"), picture("TIFF"), picture()[:60]])
def test_what_is_no_picture_of_these_kinds_is_refused_with_words(content: bytes) -> None:
    with pytest.raises(ValidationError, match="PNG, JPEG or WebP"):
        logos.read(io.BytesIO(content))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_a_damaged_file_is_a_picture_or_refused(data: st.DataObject) -> None:
    content = bytearray(picture(data.draw(st.sampled_from(["PNG", "JPEG", "WEBP"])), (30, 30)))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(ValidationError):
        assert logos.read(io.BytesIO(bytes(content))).png.startswith(b"\x89PNG")


# -- who sends one, and who sees it


@pytest.mark.usefixtures("branding")
def test_the_owner_sends_one_which_is_shown_and_stands_in_the_audit(
    client_for: ClientFor, owner: User, dealership_a: Dealership
) -> None:
    client = client_for(owner)
    assert sent(client, dealership_a, new_logo=upload(picture("JPEG"))).status_code == 302
    stored = Logo.objects.get()
    assert (stored.dealership, stored.width) == (dealership_a, 40)
    answer = client.get(address_of(dealership_a))
    assert (answer.status_code, answer["Content-Type"], answer.content) == (200, "image/png", bytes(stored.png))
    assert (
        f'src="{address_of(dealership_a)}"'
        in client.get(f"/admin/dealers/dealership/{dealership_a.pk}/change/").content.decode()
    )
    event = Event.objects.get(verb="logo.changed")
    assert (event.user, event.dealership, event.changes) == (owner, dealership_a, {"width": 40, "height": 20})


@pytest.mark.usefixtures("branding")
def test_what_is_wrong_with_a_file_is_said_and_the_logo_stays(
    client_for: ClientFor, owner: User, dealership_a: Dealership
) -> None:
    client = client_for(owner)
    sent(client, dealership_a, new_logo=upload(picture()))
    answer = sent(client, dealership_a, new_logo=upload(b"<svg/>", "logo.svg"), name="Another")
    assert (answer.status_code, "An SVG may hold programs" in answer.content.decode()) == (200, True)
    assert Logo.objects.get().width == 40
    assert Dealership.objects.get(pk=dealership_a.pk).name == dealership_a.name


@pytest.mark.usefixtures("branding")
def test_the_platform_administrator_replaces_and_removes_it(
    client_for: ClientFor, admin_user: User, dealership_a: Dealership
) -> None:
    client = client_for(admin_user)
    sent(client, dealership_a, new_logo=upload(picture()))
    before = client.get(address_of(dealership_a))["ETag"]
    sent(client, dealership_a, new_logo=upload(picture(size=(30, 30))))
    assert client.get(address_of(dealership_a))["ETag"] != before
    sent(client, dealership_a, remove_logo="on")
    assert not Logo.objects.exists()
    assert client.get(address_of(dealership_a)).status_code == 404
    assert Event.objects.filter(verb="logo.deleted", dealership=dealership_a).count() == 1


@pytest.mark.usefixtures("branding")
def test_who_may_only_look_at_the_dealership_sends_none(
    client_for: ClientFor, alice: User, dealership_a: Dealership
) -> None:
    client = client_for(with_role(alice, Role.SALES_MANAGER, staff=True))
    page = client.get(f"/admin/dealers/dealership/{dealership_a.pk}/change/")
    assert (page.status_code, "new_logo" in page.content.decode()) == (200, False)
    address = f"/admin/dealers/dealership/{dealership_a.pk}/change/"
    assert client.post(address, {"new_logo": upload(picture())}).status_code in (302, 403)
    assert not Logo.objects.exists()


@pytest.mark.usefixtures("branding")
def test_only_people_of_the_dealership_are_shown_its_logo(
    client_for: ClientFor, alice: User, charlie: User, dealership_a: Dealership
) -> None:
    logos.store(dealership_a, logos.read(io.BytesIO(picture())))
    assert client_for(alice).get(address_of(dealership_a)).status_code == 200
    assert client_for(charlie).get(address_of(dealership_a)).status_code == 404
    assert Client().get(address_of(dealership_a)).status_code == 302


@pytest.mark.usefixtures("branding")
def test_a_browser_keeps_it_for_its_person_alone_and_is_not_sent_it_again(
    client_for: ClientFor, alice: User, dealership_a: Dealership
) -> None:
    logos.store(dealership_a, logos.read(io.BytesIO(picture())))
    client = client_for(alice)
    answer = client.get(address_of(dealership_a))
    assert set(answer["Cache-Control"].split(", ")) == {"private", "no-cache"}
    assert "Cookie" in answer["Vary"]
    again = client.get(address_of(dealership_a), headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", answer["ETag"])


def test_without_the_feature_there_is_no_trace_of_it(
    client_for: ClientFor, owner: User, dealership_a: Dealership
) -> None:
    logos.store(dealership_a, logos.read(io.BytesIO(picture())))
    client = client_for(owner)
    assert client.get(address_of(dealership_a)).status_code == 404
    page = client.get(f"/admin/dealers/dealership/{dealership_a.pk}/change/").content.decode().lower()
    assert [
        word for word in ("new_logo", "remove_logo", "logo.png", "brand_colour", "brand colour") if word in page
    ] == []
    sent(client, dealership_a, new_logo=upload(picture(size=(10, 10))))
    assert Logo.objects.get().width == 40
