"""Small valid documents, made by hand so that a test can have thousands of them.

`make_pdf` takes well under a millisecond, `make_tiff` about two.
"""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import pikepdf
from PIL import Image, ImageDraw


def pdf_bytes(pages: int = 1, text: str = "Faxed by a test", size: int = 0) -> bytes:
    """A PDF of `pages` letter pages, each with `text` and its number in 24-point Helvetica, of `size` bytes
    or more."""
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(pages))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {pages} /MediaBox [0 0 612 792] >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    shown = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    for n in range(pages):
        stream = f"BT /F1 24 Tf 72 700 Td ({shown}) Tj 0 -40 Td (page {n + 1} of {pages}) Tj ET"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /Resources << /Font << /F1 3 0 R >> >> /Contents {5 + 2 * n} 0 R >>"
        )
        objects.append(f"<< /Length {len(stream.encode('latin-1'))} >>\nstream\n{stream}\nendstream")
    plain = _assembled(objects, 0)
    # "%", the line end and a longer startxref take a few bytes more; what counts is "at least".
    return plain if len(plain) >= size else _assembled(objects, size - len(plain))


def _assembled(objects: list[str], padding: int) -> bytes:
    out = io.BytesIO()
    out.write(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(out.tell())
        out.write(f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1"))
    if padding:
        out.write(b"%" + b"p" * padding + b"\n")
    start = out.tell()
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    out.write(f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}".encode())
    out.write(f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode())
    return out.getvalue()


def streamed(drawn: bytes, times: int) -> bytes:
    """A PDF of one page, on which the same is drawn again and again."""
    packed = zlib.compressobj(9)
    stream = b"".join([*(packed.compress(drawn) for _ in range(times)), packed.flush()])
    with pikepdf.open(io.BytesIO(pdf_bytes())) as pdf:
        pdf.pages[0].Contents = pdf.make_stream(b"")
        pdf.pages[0].Contents.write(stream, filter=pikepdf.Name.FlateDecode)
        out = io.BytesIO()
        pdf.save(out, compress_streams=False)
    return out.getvalue()


def make_pdf(path: Path, pages: int = 1, text: str = "Faxed by a test", size: int = 0) -> Path:
    """Write `pdf_bytes` to `path`."""
    path.write_bytes(pdf_bytes(pages, text, size))
    return path


def make_tiff(path: Path, pages: int = 1, text: str = "Faxed by a test", dpi: tuple[int, int] = (204, 196)) -> Path:
    """Write a Group 4 TIFF of `pages` fax pages, 1728 x 1100 pixels."""
    frames = []
    for n in range(pages):
        frame = Image.new("1", (1728, 1100), 1)
        ImageDraw.Draw(frame).text((100, 100), f"{text} - page {n + 1} of {pages}", fill=0)
        ImageDraw.Draw(frame).rectangle((100, 300, 600, 400), fill=0)
        frames.append(frame)
    frames[0].save(path, format="TIFF", compression="group4", dpi=dpi, save_all=True, append_images=frames[1:])
    return path


def make_image(path: Path, size: tuple[int, int] = (800, 600)) -> Path:
    """Write a small picture in the format that the suffix of `path` names (.png, .jpg, .gif, .bmp)."""
    picture = Image.new("L", size, 255)
    ImageDraw.Draw(picture).rectangle((size[0] // 4, size[1] // 4, size[0] // 2, size[1] // 2), fill=0)
    picture.save(path)
    return path
