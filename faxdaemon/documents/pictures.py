"""Pictures made fit for paper: no transparency, no animation, no colours that only a press knows.

Promise   a picture that can go as it is goes as it is, bit by bit; any other is drawn in grey on white, upright, whole.
          One that is larger than `MOST_PIXELS` is refused before a single pixel of it is read.
Needs     Pillow and img2pdf.
Crash     keeps nothing.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import img2pdf
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from faxdaemon.contracts.documents import CannotMake
from faxdaemon.documents import identify

MOST_PIXELS = 120_000_000
"""Of one picture: a page of A3 at 800 dots to the inch."""
UNREADABLE = (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError)
"""What Pillow raises at a picture that is none."""
_AS_IT_IS = frozenset({"1", "L", "P", "RGB"})
_REFUSED = (img2pdf.ImageOpenError, img2pdf.AlphaChannelError, img2pdf.ExifOrientationError, NotImplementedError)
_LETTER = (img2pdf.in_to_pt(8.5), img2pdf.in_to_pt(11))
_MARGIN = img2pdf.in_to_pt(0.25)
_ON_PAPER = img2pdf.get_layout_fun(_LETTER, border=(_MARGIN, _MARGIN), fit=img2pdf.FitMode.shrink, auto_orient=True)


def too_large(path: Path) -> str | None:
    """What is wrong with the size of a picture, as a predicate.  A picture that cannot be read has no size."""
    try:
        with opened(path) as image:
            return oversize(image.width, image.height)
    except Image.DecompressionBombError:
        return "has a picture of more pixels than can be faxed"
    except UNREADABLE:
        return None


def oversize(width: int, height: int) -> str | None:
    """What is wrong with a picture of that many pixels."""
    many = width * height > MOST_PIXELS
    return f"has a picture of {width} x {height} pixels: too large to be faxed" if many else None


@contextmanager
def opened(path: Path) -> Iterator[Image.Image]:
    """The picture; its pixels are read only when they are used.  Raises `UNREADABLE`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of sizes, which are judged here, and of odd tags
        with Image.open(path) as image:
            yield image


def picture_pdf(path: Path, media: str) -> bytes:
    """A PDF of a picture, or of every page of a TIFF.  Raises `CannotMake`, OSError."""
    content = path.read_bytes()
    try:
        with opened(path) as image:
            plain = _is_plain(image, media)
        if plain:
            try:
                return _pdf([content], media)
            except _REFUSED:
                pass  # something about it that only drawing it anew mends
        return _pdf(list(_drawn(path, media)), media)
    except (*UNREADABLE, *_REFUSED) as error:
        raise CannotMake("is not a picture that can be put on paper") from error


def _pdf(pictures: list[bytes], media: str) -> bytes:
    # A TIFF has the size of its page; a photograph is put on a page, made smaller where it must.
    layout = img2pdf.default_layout_fun if media == identify.TIFF else _ON_PAPER
    return bytes(img2pdf.convert(pictures, nodate=True, engine=img2pdf.Engine.internal, layout_fun=layout))


def _is_plain(image: Image.Image, media: str) -> bool:
    if media == identify.GIF or (media != identify.TIFF and getattr(image, "n_frames", 1) > 1):
        return False  # each picture of an animation would be a page
    return image.mode in _AS_IT_IS and "transparency" not in image.info


def _drawn(path: Path, media: str) -> Iterator[bytes]:
    with opened(path) as image:
        for frame in ImageSequence.Iterator(image) if media == identify.TIFF else iter([image]):
            problem = oversize(frame.width, frame.height)
            if problem:
                raise CannotMake(problem)
            out = io.BytesIO()
            upright = ImageOps.exif_transpose(frame)
            dots = frame.info.get("dpi", (0, 0))[:: 1 if upright.size == frame.size else -1]
            grey(upright).save(out, "PNG", **({"dpi": dots} if min(dots) > 1 else {}))
            yield out.getvalue()


def grey(frame: Image.Image) -> Image.Image:
    """The picture in shades of grey, on white where it can be seen through; one in black and white as it is."""
    if frame.mode == "1" and "transparency" not in frame.info:
        return frame
    if frame.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in frame.info:
        solid = frame.convert("RGBA")
        alpha = solid.getchannel("A")
        return Image.composite(solid.convert("L"), Image.new("L", solid.size, 255), alpha)
    if frame.mode.startswith("I"):  # 16-bit scans: Pillow would clip them to white
        return frame.convert("I").point(lambda v: v / 256).convert("L")
    return frame.convert("L")
