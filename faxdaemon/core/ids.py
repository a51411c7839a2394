"""Names that never repeat: fax ids, submission references, and the tokens cut from them.

Promise   a `FaxId` is unique for ever, sorts by time, and is safe in any file name on any platform; a reference is a
          pure function of fax, recipient and submission number, so it can be computed again after a crash.
Needs     the time and random bytes, handed in.
Crash     nothing is kept here.
"""

from __future__ import annotations

import hashlib
from typing import NewType

FaxId = NewType("FaxId", str)
"""A UUIDv7 (RFC 9562) as 26 characters of Crockford's base 32, lower case."""

FAX_ID_LENGTH = 26
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def _base32(value: int, length: int) -> str:
    digits = []
    for _ in range(length):
        value, digit = divmod(value, 32)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))


def new_fax_id(milliseconds: int, entropy: bytes) -> FaxId:
    """Build an id from Unix time in milliseconds and ten random bytes."""
    if len(entropy) != 10:
        raise ValueError(f"a fax id takes 10 random bytes, not {len(entropy)}")
    random = int.from_bytes(entropy, "big")
    value = (milliseconds & (1 << 48) - 1) << 80 | random
    value = value & ~(0xF << 76) | 0x7 << 76  # version 7
    value = value & ~(0x3 << 62) | 0x2 << 62  # RFC 9562 variant
    return FaxId(_base32(value, FAX_ID_LENGTH))


def part_id(fax_id: FaxId, part: int) -> FaxId:
    """The id of part `part` of a drop that asks for several faxes; the first part has the drop's own.  A pure function,
    so that a drop which is taken again after a crash gets the same ids."""
    if part == 0:
        return fax_id
    milliseconds = 0
    for digit in fax_id:
        milliseconds = milliseconds * 32 + _ALPHABET.index(digit)
    return new_fax_id(milliseconds >> 80, hashlib.sha256(f"{fax_id}/{part}".encode("ascii")).digest()[:10])


def is_fax_id(text: str) -> bool:
    """Whether `text` has the form of a fax id: how recovery tells its own leftovers from a stranger's files."""
    return len(text) == FAX_ID_LENGTH and text[0] in "01234567" and all(c in _ALPHABET for c in text)


def reference(fax_id: FaxId, recipient: int, submission: int) -> str:
    """Our own name for one submission, e.g. `01jd…-1-2`; the same whenever it is computed."""
    return f"{fax_id}-{recipient}-{submission}"


def token(reference: str, length: int) -> str:
    """`reference` itself when it fits into `length` characters, else a digest of it cut to that length.

    Twelve characters carry 60 bits: enough to tell apart the submissions a provider lists, which is all it is for.
    """
    if len(reference) <= length:
        return reference
    digest = int.from_bytes(hashlib.sha256(reference.encode("ascii")).digest(), "big")
    return _base32(digest, min(length, 51))


def delivery_id(fax_id: FaxId, sink: str) -> str:
    """Our name for the delivery of one received fax to one sink, 32 hexadecimal digits: the same for each repeat, so
    that the other side can tell a repeat."""
    return hashlib.sha256(f"{fax_id}\0{sink}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def is_token(text: str, length: int) -> bool:
    """Whether `text` has the form of a reference of ours, as `token` cuts it to `length`."""
    fax_id, _, rest = text.partition("-")
    if length >= FAX_ID_LENGTH + len("-1-1"):  # cut only for the thousandth recipient: another one's would look alike
        return is_fax_id(fax_id) and rest.replace("-", "", 1).isdigit() and rest.isascii()
    return len(text) == length and all(c in _ALPHABET for c in text)
