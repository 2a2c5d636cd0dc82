"""From a photo as somebody uploads it to WebP pictures that are safe to show.

Nothing of the file itself is kept: it is unpacked and written anew, so that what else stands in it (where it was taken,
by whom, a second file behind the first) is gone. It is unpacked in processes of their own, with little memory, little
time, no secrets and nothing to write to; a file that breaks the decoder breaks no more than its worker.

This file is also the program of those workers: `python -I inventory/pictures.py`. It reads photos from its standard
input and writes pictures to its standard output, each behind its length, and knows nothing of Django's settings.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import io
import logging
import os
import queue
import struct
import subprocess
import sys
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageCms, JpegImagePlugin, PngImagePlugin, UnidentifiedImageError, WebPImagePlugin

log = logging.getLogger(__name__)

READERS = (JpegImagePlugin, PngImagePlugin, WebPImagePlugin)
"""Loaded here, before the limits are set: Pillow would load all of its formats to find the one that is missing."""
FORMATS = ("JPEG", "PNG", "WEBP")
BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG", b"RIFF")
"""What a file of one of FORMATS starts with."""
MOST_BYTES = 15 * 1024 * 1024
"""Of a file that is uploaded."""
MOST_PIXELS = 40_000_000
"""Of a photo that is uploaded: 160 MB when it is unpacked."""
WIDTHS = (480, 960, 1600)
"""Pixels of what is made: a tile in a list, a telephone, a screen."""
HIGHEST = 3
"""How many times its width a picture may be high: a WebP ends at 16,383 pixels."""
QUALITY = 80
METHOD = 2
"""Of WebP, 0 to 6. Measured on photos of 12 megapixels: 3 and 4 take a quarter longer, for files 4 % smaller."""

MOST_SECONDS = 20
"""That a worker has for a photo, of the clock and of its processor."""
MOST_MEMORY = 1024**3
"""Bytes of addresses that a worker may have."""
MOST_WAITING = 120
"""Seconds until somebody is told that all workers are busy."""
MOST_PHOTOS = 200
"""That a worker makes before another takes its place, so that nothing gathers in it."""
MOST_ANSWER = 16 * 1024 * 1024
"""Bytes of a picture that a worker may give back."""

WORDS = {
    "empty": _("The file is empty: choose the photo again, and wait until it is sent."),
    "too_large": _("The file is larger than 15 MB: send the photo in a smaller size."),
    "too_many_pixels": _("The photo has more than 40 megapixels: make it smaller, and send it again."),
    "markup": _("The file is an SVG or a web page, which may hold programs: send a photo as JPEG, PNG or WebP."),
    "heic": _(
        "The file is a HEIC or AVIF picture or a video, as telephones make them: set the camera to the most compatible "
        "format, or share the photo as a JPEG, and send that."
    ),
    "not_a_picture": _("The file is no JPEG, PNG or WebP: save the photo as a JPEG, and send it again."),
    "damaged": _("The photo is damaged or did not arrive as a whole: send it again, or save it anew as a JPEG."),
    "too_hard": _("The photo could not be unpacked with the time and memory it has: save it anew as a JPEG."),
    "busy": _("Too many photos are being made at once: send this one again in a minute."),
}
CODES = tuple(WORDS)

BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, struct.error, OverflowError)
"""What Pillow raises for a file that is damaged or made to be."""

ORIENTATION = 0x0112
"""EXIF's tag for how the camera was held."""
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
LYING = (5, 6, 7, 8)
"""Orientations whose width becomes the height."""

COUNT = struct.Struct(">B")
LENGTH = struct.Struct(">I")
SIZE = struct.Struct(">III")
"""Width and height in pixels, and how many bytes follow."""


class Refused(ValueError):
    """A file of which no pictures are made; its words say why, and what to do. `code` is one of WORDS."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    def __str__(self) -> str:
        return str(WORDS[self.code])


@dataclass(frozen=True)
class Picture:
    """A WebP; its width and height are in pixels."""

    width: int
    height: int
    webp: bytes


@dataclass(frozen=True)
class Derivatives:
    """What is made of a photo."""

    sha256: str
    """Of the file as it came in: the same file sent twice has the same."""
    pictures: tuple[Picture, ...]
    """The smallest first: one of each of WIDTHS that the photo has, and one as wide as it is if that is less."""


def make(data: bytes) -> Derivatives:
    """The pictures of a photo as it was uploaded. Raises Refused. Waits for a worker; any thread may call it."""
    if not data:
        raise Refused("empty")
    if len(data) > MOST_BYTES:
        raise Refused("too_large")
    if data[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise Refused("markup")
    if data[4:8] == b"ftyp":
        raise Refused("heic")
    return Derivatives(hashlib.sha256(data).hexdigest(), POOL.make(data))


# -- what a worker does


def shrink(data: bytes) -> list[Picture]:
    """The pictures of a photo, made in this very process: only a worker calls it. Raises Refused."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as found:
            if found.width * found.height > MOST_PIXELS:
                raise Refused("too_many_pixels")
            return derived(found)
    except Refused:
        raise
    except BOMBS:
        raise Refused("too_many_pixels") from None
    except UnidentifiedImageError:
        raise Refused("damaged" if data.startswith(BEGINNINGS) else "not_a_picture") from None
    except BROKEN:
        raise Refused("damaged") from None


def derived(found: Image.Image) -> list[Picture]:
    """A picture of each width; of an animation, its first frame."""
    orientation = orientation_of(found)
    width, height = found.size if orientation not in LYING else found.size[::-1]
    picture = upright(found, orientation, fitting(width, height, WIDTHS[-1]))
    made = []
    for size in sorted({fitting(width, height, widest) for widest in WIDTHS}, reverse=True):
        picture = picture.resize(size, Image.Resampling.LANCZOS)
        made.append(Picture(*size, encoded(picture)))
    return made[::-1]


def orientation_of(found: Image.Image) -> int:
    """How the camera was held, as EXIF counts; a photo whose EXIF is damaged is as it is."""
    with contextlib.suppress(*BROKEN):
        return int(found.getexif().get(ORIENTATION, 1))
    return 1


def fitting(width: int, height: int, widest: int) -> tuple[int, int]:
    """The size of a picture that is at most `widest` wide, and no larger than it was. Pixels."""
    factor = min(1, widest / width, widest * HIGHEST / height)
    return max(round(width * factor), 1), max(round(height * factor), 1)


def upright(found: Image.Image, orientation: int, size: tuple[int, int]) -> Image.Image:
    """The photo as it was seen, in that size, in the colours of every screen, and with nothing beside its pixels."""
    if orientation in LYING:
        size = size[::-1]
    found.draft(None, size)  # a JPEG is unpacked no larger than it has to be
    found.load()
    profile = found.info.get("icc_profile")
    picture = found if found.mode in ("RGB", "RGBA", "CMYK", "L") else found.convert(full_colour(found))
    picture = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    if orientation in TURNS:
        picture = picture.transpose(TURNS[orientation])
    if profile and picture.mode != "RGBA":
        picture = in_srgb(picture, profile)
    if picture.mode not in ("RGB", "RGBA"):
        picture = picture.convert("RGB")
    picture.info.clear()
    return picture


def full_colour(found: Image.Image) -> str:
    return "RGBA" if found.has_transparency_data else "RGB"


def in_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    """The same colours without a profile: telephones have more of them than sRGB, and look pale without theirs."""
    with contextlib.suppress(ImageCms.PyCMSError, *BROKEN):
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        turned = ImageCms.profileToProfile(picture, own, ImageCms.createProfile("sRGB"), outputMode="RGB")
        return turned or picture
    return picture


def encoded(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=QUALITY, method=METHOD, exif=b"", xmp=b"", icc_profile=b"")
    return out.getvalue()


def serve(photos: IO[bytes], answers: IO[bytes]) -> None:
    """A worker's life: one photo after another, until there is nobody to send one."""
    limit_this_process()
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            (length,) = LENGTH.unpack(exactly(photos, LENGTH.size))
            data = exactly(photos, length)
            limit_processor()
            write(answers, answer_to(data))
            answers.flush()


def answer_to(data: bytes) -> bytes:
    """The pictures of a photo, or why there are none, as a worker sends them."""
    try:
        made = shrink(data)
    except Refused as refused:
        return COUNT.pack(0) + COUNT.pack(CODES.index(refused.code))
    packed = [SIZE.pack(picture.width, picture.height, len(picture.webp)) + picture.webp for picture in made]
    return COUNT.pack(len(made)) + b"".join(packed)


def limit_this_process() -> None:
    """Little memory, no files, no processes; and Pillow's doubts about a photo's size are errors."""
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    if sys.platform != "linux":  # a developer's machine, which has other limits or none
        return
    import resource

    for what, most in (
        (resource.RLIMIT_AS, MOST_MEMORY),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 16),
    ):
        resource.setrlimit(what, (most, most))


def limit_processor() -> None:
    """Seconds of the processor for the photo that comes now; what those before it took does not count."""
    if sys.platform != "linux":
        return
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + MOST_SECONDS + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))


# -- the workers


class Died(Exception):
    """A worker ended, was ended, or said what no worker says."""


class Worker:
    """A process that makes pictures of one photo at a time. Its methods are called by one thread at a time."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(  # noqa: S603  # our own file, and nothing of whoever sent the photo
            [sys.executable, "-I", str(Path(__file__).resolve())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,  # whatever a fork leaves of a buffer would be sent twice
            cwd="/",
            env={name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH") if name in os.environ},
            start_new_session=True,  # Ctrl-C is for the server, which then ends its workers
        )
        self.photos = 0
        self.ended = False

    def is_usable(self) -> bool:
        return not self.ended and self.photos < MOST_PHOTOS and self.process.poll() is None

    def make(self, data: bytes) -> tuple[Picture, ...]:
        """The pictures of a photo. Raises Refused, or Died, after which the worker is of no more use."""
        assert self.process.stdin is not None  # noqa: S101  # both are pipes
        assert self.process.stdout is not None  # noqa: S101
        clock = threading.Timer(MOST_SECONDS, self.stop)  # whoever waits for a worker that is killed is woken up
        clock.daemon = True
        clock.start()
        self.photos += 1
        try:
            write(self.process.stdin, LENGTH.pack(len(data)))
            write(self.process.stdin, data)
            return received(self.process.stdout)
        except Refused:
            raise
        except (OSError, EOFError) as error:
            self.end()
            raise Died(f"exit code {self.process.returncode}") from error
        except BaseException:  # also a task's time limit: what is still to come would be taken for the next answer
            self.end()
            raise
        finally:
            clock.cancel()
            clock.join()  # from here on it stops nothing any more

    def stop(self) -> None:
        self.ended = True
        self.process.kill()

    def end(self) -> None:
        """Stop it and wait until it is gone."""
        self.stop()
        self.process.wait()
        self.let_go()

    def let_go(self) -> None:
        """Close our ends of its pipes."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


class Pool:
    """So many workers, each started when it is first needed, and replaced when it has ended."""

    def __init__(self, count: int) -> None:
        self.started: set[Worker] = set()
        self.free: queue.LifoQueue[Worker | None] = queue.LifoQueue()  # as few of them as will do
        for _number in range(count):
            self.free.put(None)

    def make(self, data: bytes) -> tuple[Picture, ...]:
        """The pictures of a photo. Raises Refused."""
        try:
            worker = self.free.get(timeout=MOST_WAITING)
        except queue.Empty:
            raise Refused("busy") from None
        try:
            worker = self.usable(worker)
            return worker.make(data)
        except Died as died:
            log.warning("A worker for pictures ended over a photo of %d bytes: %s", len(data), died)
            raise Refused("too_hard") from None
        finally:
            self.free.put(worker)

    def usable(self, worker: Worker | None) -> Worker:
        """This worker, or another in its place."""
        if worker is not None:
            if worker.is_usable():
                return worker
            worker.end()
            self.started.discard(worker)
        worker = Worker()
        self.started.add(worker)
        return worker

    def close(self) -> None:
        """End all workers."""
        for worker in list(self.started):
            worker.end()

    def forget(self) -> None:
        """In a process that was forked: the workers are its parent's."""
        for worker in list(self.started):
            worker.let_go()
            worker.process.returncode = 0  # nothing for this process to wait for


def received(answers: IO[bytes]) -> tuple[Picture, ...]:
    """What a worker answers. Raises Refused, and Died for what no worker says: a photo may have taken it over."""
    (count,) = COUNT.unpack(exactly(answers, COUNT.size))
    if count == 0:
        (number,) = COUNT.unpack(exactly(answers, COUNT.size))
        raise Refused(CODES[number]) if number < len(CODES) else Died(f"code {number}")
    if count > len(WIDTHS):
        raise Died(f"{count} pictures")
    return tuple(received_picture(answers) for _number in range(count))


def received_picture(answers: IO[bytes]) -> Picture:
    width, height, length = SIZE.unpack(exactly(answers, SIZE.size))
    if not (0 < width <= WIDTHS[-1] and 0 < height <= WIDTHS[-1] * HIGHEST and length <= MOST_ANSWER):
        raise Died(f"a picture of {width} × {height} in {length} bytes")
    webp = exactly(answers, length)
    if (webp[:4], webp[8:12]) != (b"RIFF", b"WEBP"):
        raise Died("a picture that is no WebP")
    return Picture(width, height, webp)


def exactly(stream: IO[bytes], length: int) -> bytes:
    """So many bytes. Raises EOFError if there are fewer."""
    parts = []
    while length:
        part = stream.read(min(length, 1024 * 1024))
        if not part:
            raise EOFError
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def write(stream: IO[bytes], data: bytes) -> None:
    """All of it: a pipe takes as much at a time as it has room for."""
    rest = memoryview(data)
    while rest:
        rest = rest[stream.write(rest) :]


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def begin_anew() -> None:
    """After a fork: two processes that write to one worker would get each other's pictures."""
    global POOL  # noqa: PLW0603  # one for each process
    POOL.forget()
    POOL = Pool(cores())


def end_all() -> None:
    POOL.close()


POOL = Pool(cores())
os.register_at_fork(after_in_child=begin_anew)
atexit.register(end_all)

if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
