"""Photos: what is taken as one, what is made of it, and what happens to the processes that make it."""

from __future__ import annotations

import hashlib
import io
import os
import resource
import signal
import struct
import zipfile
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageDraw, PngImagePlugin

from inventory import pictures
from inventory.pictures import Derivatives, Pool, Refused

SECRET = b"taken at -6.2000, 106.8166"


@pytest.fixture(autouse=True, scope="module")
def pool() -> Iterator[Pool]:
    """Two workers for all tests of this module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pictures, "POOL", Pool(2))
        yield pictures.POOL
        pictures.POOL.close()


@pytest.fixture
def one_worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    monkeypatch.setattr(pictures, "POOL", Pool(1))
    yield pictures.POOL
    pictures.POOL.close()


def photo(kind: str = "JPEG", size: tuple[int, int] = (40, 20), mode: str = "RGB", **how: Any) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, "red" if mode not in ("CMYK", "I;16") else 0).save(out, kind, **how)
    return out.getvalue()


def png_of(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A grey PNG of this size, whose pixels are these chunks, as somebody makes one by hand."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in ((b"IHDR", head), *chunks, (b"IEND", b""))
    )


def opened(made: Derivatives) -> Iterator[Image.Image]:
    for picture in made.pictures:
        with Image.open(io.BytesIO(picture.webp)) as found:
            found.load()
            yield found


def code_of(content: bytes) -> str:
    """Why a file is refused; its words say what to do."""
    with pytest.raises(Refused) as refused:
        pictures.make(content)
    assert len(str(refused.value)) > 30
    return refused.value.code


# -- what is made


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("JPEG", "RGB"),
        ("JPEG", "L"),
        ("JPEG", "CMYK"),
        ("PNG", "RGB"),
        ("PNG", "RGBA"),
        ("PNG", "P"),
        ("PNG", "1"),
        ("PNG", "I;16"),
        ("WEBP", "RGB"),
        ("WEBP", "RGBA"),
    ],
)
def test_a_photo_of_each_kind_becomes_a_webp_of_each_width(kind: str, mode: str) -> None:
    made = pictures.make(photo(kind, (1700, 1275), mode))
    assert [(each.width, each.height) for each in made.pictures] == [(480, 360), (960, 720), (1600, 1200)]
    assert [(found.format, found.size) for found in opened(made)] == [
        ("WEBP", (480, 360)),
        ("WEBP", (960, 720)),
        ("WEBP", (1600, 1200)),
    ]


@pytest.mark.parametrize(
    ("size", "sizes"),
    [
        ((1, 1), [(1, 1)]),
        ((480, 10), [(480, 10)]),
        ((1000, 500), [(480, 240), (960, 480), (1000, 500)]),
        ((16000, 1), [(480, 1), (960, 1), (1600, 1)]),
    ],
)
def test_a_small_photo_is_not_blown_up(size: tuple[int, int], sizes: list[tuple[int, int]]) -> None:
    assert [(each.width, each.height) for each in pictures.make(photo("PNG", size)).pictures] == sizes


def test_a_very_high_photo_is_made_as_high_as_a_webp_can_be() -> None:
    assert [each.height for each in pictures.make(photo("PNG", (1000, 20_000))).pictures] == [1440, 2880, 4800]


def test_the_same_file_is_noticed_by_its_sha256() -> None:
    content = photo()
    assert pictures.make(content).sha256 == pictures.make(content).sha256 == hashlib.sha256(content).hexdigest()


def test_what_shines_through_shines_through() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (50, 50), (255, 0, 0, 0)).save(out, "PNG")
    (found,) = opened(pictures.make(out.getvalue()))
    assert (found.mode, found.getpixel((25, 25))[3]) == ("RGBA", 0)  # type: ignore[index]


def test_the_colours_of_a_profile_stay_without_it() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    content = photo(size=(50, 50), icc_profile=profile)
    assert profile in content
    (found,) = opened(pictures.make(content))
    assert "icc_profile" not in found.info


def test_a_profile_that_is_none_is_let_be() -> None:
    assert len(pictures.make(photo(icc_profile=SECRET)).pictures) == 1


# -- right side up, and nothing said of where


QUARTERS = {(0, 0): "red", (1, 0): "lime", (0, 1): "blue", (1, 1): "white"}
"""By column and row: what somebody saw who took the photo."""
SEEN = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""What a camera that was held so makes of what was seen: the opposite of what has to be done with it."""


def seen(width: int = 500, height: int = 400) -> Image.Image:
    picture = Image.new("RGB", (width, height))
    for (column, row), colour in QUARTERS.items():
        corner = (column * width // 2, row * height // 2)
        ImageDraw.Draw(picture).rectangle((*corner, corner[0] + width // 2, corner[1] + height // 2), fill=colour)
    return picture


def taken(orientation: int, kind: str) -> bytes:
    """A photo as a camera stores it that was held so, with its place, its maker and a comment."""
    held = seen().transpose(SEEN[orientation]) if orientation in SEEN else seen()
    exif = Image.Exif()
    exif[pictures.ORIENTATION] = orientation
    exif[0x010E] = SECRET.decode()
    exif.get_ifd(0x8825).update({1: "S", 2: (6.0, 12.0, 0.0), 0x1B: SECRET})
    more: dict[str, Any] = {"comment": SECRET} if kind == "JPEG" else {}
    if kind == "PNG":
        more["pnginfo"] = PngImagePlugin.PngInfo()
        more["pnginfo"].add_text("Comment", SECRET.decode())
    else:
        more["xmp"] = b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>"
    out = io.BytesIO()
    held.save(out, kind, exif=exif, icc_profile=SECRET, **more)
    return out.getvalue()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_is_right_side_up_and_says_nothing_of_its_place(kind: str, orientation: int) -> None:
    content = taken(orientation, kind)
    assert SECRET in content
    made = pictures.make(content)
    assert [(each.width, each.height) for each in made.pictures] == [(480, 384), (500, 400)]
    for picture, found in zip(made.pictures, opened(made), strict=True):
        assert [name for name in (SECRET, b"EXIF", b"XMP ", b"ICCP", b"Exif") if name in picture.webp] == []
        assert not found.getexif()
        width, height = found.size
        for (column, row), colour in QUARTERS.items():
            pixel = found.getpixel((width // 4 + column * width // 2, height // 4 + row * height // 2))
            wanted = Image.new("RGB", (1, 1), colour).getpixel((0, 0))
            assert all(abs(is_ - should) < 40 for is_, should in zip(pixel, wanted, strict=True))  # type: ignore[arg-type]


def test_a_photo_whose_exif_is_damaged_is_a_photo() -> None:
    assert len(pictures.make(photo(exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")).pictures) == 1


# -- what is refused, or comes out clean


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "BMP", "PPM", "EPS", "ICO", "TGA", "JPEG2000"])
def test_a_picture_of_another_kind_is_refused_whatever_it_is_called(kind: str) -> None:
    assert code_of(photo(kind, (32, 32))) == "not_a_picture"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "markup"),
        (b'\xef\xbb\xbf\n<?xml version="1.0"?><svg/>', "markup"),
        (b"<!doctype html><script>alert(1)</script>", "markup"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 100, "heic"),
        (b"GIF89a/*" + b"\0" * 50 + b"*/=1;alert(1)", "not_a_picture"),
        (b"SIMPLE  =                    T" + b" " * 2850, "not_a_picture"),
        (b"%PDF-1.7\n", "not_a_picture"),
        (b"hello", "not_a_picture"),
        (b"\xff\xd8\xff", "damaged"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "damaged"),
    ],
)
def test_what_is_no_photo_is_refused_with_words(content: bytes, code: str) -> None:
    assert code_of(content) == code


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_that_did_not_arrive_as_a_whole_is_refused(kind: str) -> None:
    content = io.BytesIO()
    Image.effect_noise((300, 300), 60).convert("RGB").save(content, kind)
    for kept in (0.2, 0.5, 0.9):
        assert code_of(content.getvalue()[: int(len(content.getvalue()) * kept)]) == "damaged"


def test_a_file_that_is_too_large_is_refused() -> None:
    assert code_of(photo() + b"\0" * pictures.MOST_BYTES) == "too_large"


@pytest.mark.parametrize("side", [6_325, 13_300, 20_000, 60_000])
def test_a_photo_that_unpacks_beyond_measure_is_refused_before_it_is_unpacked(one_worker: Pool, side: int) -> None:
    pixels = zlib.compress(bytes(min(side * (side + 1), 200_000_000)), 1)
    assert code_of(png_of(side, side, (b"IDAT", pixels))) == "too_many_pixels"
    (worker,) = one_worker.started
    with open(f"/proc/{worker.process.pid}/status") as status:
        most = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    assert most < 80_000, "kB: no more than the program itself and the file"


def test_words_that_unpack_beyond_measure_are_refused() -> None:
    bomb = b"Comment\0\0" + zlib.compress(bytes(100_000_000))
    content = png_of(1, 1, (b"zTXt", bomb), (b"IDAT", zlib.compress(b"\0\0")))
    with suppress(Refused):
        assert len(pictures.make(content).pictures) == 1


@pytest.mark.parametrize("kind", ["WEBP", "PNG"])
def test_of_an_animation_the_first_frame_is_taken(kind: str) -> None:
    frames = [Image.new("RGB", (200, 200), (0, 0, number)) for number in range(1, 200)]
    out = io.BytesIO()
    Image.new("RGB", (200, 200), "red").save(out, kind, save_all=True, append_images=frames, duration=10)
    (found,) = opened(pictures.make(out.getvalue()))
    assert getattr(found, "n_frames", 1) == 1
    red, green, blue = found.convert("RGB").getpixel((100, 100))  # type: ignore[misc]
    assert (red > 200, green < 40, blue < 40) == (True, True, True)


def test_what_stands_behind_a_photo_is_gone() -> None:
    behind = io.BytesIO()
    with zipfile.ZipFile(behind, "w") as archive:
        archive.writestr("secret.txt", SECRET)
    for tail in (behind.getvalue(), b"<script>" + SECRET, b"GIF89a" + SECRET):
        (picture,) = pictures.make(photo() + tail).pictures
        assert [name for name in (SECRET, b"PK\x03\x04", b"<script", b"GIF8") if name in picture.webp] == []
        assert len(picture.webp) == struct.unpack("<I", picture.webp[4:8])[0] + 8


@settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.data())
def test_any_bytes_and_any_damage_are_refused_or_come_out_as_webp(data: st.DataObject) -> None:
    if data.draw(st.booleans()):
        content = bytearray(photo(data.draw(st.sampled_from(["PNG", "JPEG", "WEBP"])), (30, 30)))
        for _ in range(data.draw(st.integers(1, 6))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    else:
        beginning = data.draw(st.sampled_from([b"", *pictures.BEGINNINGS]))
        content = bytearray(beginning + data.draw(st.binary(max_size=200)))
    try:
        made = pictures.make(bytes(content))
    except Refused as refused:
        known = refused.code in ("empty", "markup", "heic", "not_a_picture", "damaged", "too_many_pixels")
    else:
        known = all(found.format == "WEBP" for found in opened(made))
    assert known


# -- the processes


def test_a_worker_has_little_memory_no_files_no_children_and_none_of_our_secrets(one_worker: Pool) -> None:
    pictures.make(photo())
    (worker,) = one_worker.started
    pid = worker.process.pid
    limits = {
        name: resource.prlimit(pid, getattr(resource, f"RLIMIT_{name}"))
        for name in ("AS", "FSIZE", "CORE", "NPROC", "NOFILE")
    }
    assert limits == {"AS": (1024**3,) * 2, "FSIZE": (0, 0), "CORE": (0, 0), "NPROC": (0, 0), "NOFILE": (16, 16)}
    assert 20 <= resource.prlimit(pid, resource.RLIMIT_CPU)[0] <= 60
    with open(f"/proc/{pid}/environ", "rb") as environment:
        names = {each.partition(b"=")[0] for each in environment.read().split(b"\0")}
    assert names <= {b"PATH", b"LANG", b"LD_LIBRARY_PATH", b"LC_CTYPE", b""}


def test_a_worker_makes_one_photo_after_another_and_outlives_those_it_refuses(one_worker: Pool) -> None:
    for content in (photo(), b"hello", photo("PNG"), photo()[:200], photo("WEBP")):
        with suppress(Refused):
            pictures.make(content)
    assert len(one_worker.started) == 1


def test_a_worker_that_was_killed_between_two_photos_is_replaced(one_worker: Pool) -> None:
    pictures.make(photo())
    (worker,) = one_worker.started
    worker.process.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, worker.process.pid, os.WEXITED | os.WNOWAIT)
    assert len(pictures.make(photo()).pictures) == 1
    assert one_worker.started.isdisjoint({worker})


def test_a_photo_over_which_its_worker_hangs_is_refused_and_the_worker_replaced(
    one_worker: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures.make(photo())
    (worker,) = one_worker.started
    worker.process.send_signal(signal.SIGSTOP)
    with monkeypatch.context() as patch:
        patch.setattr(pictures, "MOST_SECONDS", 0.2)
        assert code_of(photo(size=(3000, 3000))) == "too_hard"
    assert worker.process.returncode == -signal.SIGKILL
    assert len(pictures.make(photo()).pictures) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00\xff",
        b"\x09",
        b"\x01" + pictures.SIZE.pack(1, 1, 2**32 - 1),
        b"\x01" + pictures.SIZE.pack(0, 1, 12),
        b"\x01" + pictures.SIZE.pack(1, 1, 12) + b"<script>1234",
    ],
)
def test_a_worker_that_says_what_no_worker_says_is_not_believed(answer: bytes) -> None:
    with pytest.raises((pictures.Died, EOFError)):
        pictures.received(io.BytesIO(answer))


def test_a_worker_that_was_taken_over_is_replaced(one_worker: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures.make(photo())
    (worker,) = one_worker.started

    def nonsense(answers: object) -> None:
        raise pictures.Died("a picture that is no WebP")

    with monkeypatch.context() as patch:
        patch.setattr(pictures, "received", nonsense)
        assert code_of(photo()) == "too_hard"
    assert worker.process.returncode == -signal.SIGKILL
    assert len(pictures.make(photo()).pictures) == 1


def test_a_worker_makes_way_for_another_after_so_many_photos(one_worker: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_PHOTOS", 2)
    seen_pids = set()
    for _ in range(4):
        pictures.make(photo())
        seen_pids |= {worker.process.pid for worker in one_worker.started}
    assert len(seen_pids) == 2


def test_whoever_waits_too_long_for_a_worker_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_WAITING", 0.01)
    monkeypatch.setattr(pictures, "POOL", Pool(0))
    assert code_of(photo()) == "busy"


def test_eight_threads_get_each_their_own_pictures(pool: Pool) -> None:
    sizes = [(20 + number, 30) for number in range(32)]
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda size: pictures.make(photo(size=size)), sizes))
    assert [(each.pictures[0].width, each.pictures[0].height) for each in made] == sizes
    assert len(pool.started) <= 2


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_process_that_was_forked_has_workers_of_its_own(one_worker: Pool) -> None:
    pictures.make(photo())
    (worker,) = one_worker.started
    child = os.fork()
    if child == 0:
        made = pictures.make(photo(size=(33, 20))).pictures[0].width if not pictures.POOL.started else 0
        pictures.POOL.close()
        os._exit(made)
    _pid, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 33
    assert pictures.make(photo(size=(34, 20))).pictures[0].width == 34
    assert worker.is_usable()
