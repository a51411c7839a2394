"""What a caller may call itself to do harm: 200 and more texts for names, cells and sidecars."""

from __future__ import annotations

from collections.abc import Iterator

_DEVICES = ("con", "PRN", "aux", "Nul", "COM1", "com¹", "LPT9", "lpt³", "CONIN$", "conout$", "COM0")
_PATHS = (
    "../../etc/passwd",
    "..\\..\\windows\\system32",
    "/etc/shadow",
    "C:\\boot.ini",
    "\\\\server\\share\\x",
    "\\\\?\\C:\\x",
    "//server/share",
    "a/b/c",
    "~/x",
    "$HOME",
    "%TEMP%",
    "file:///x",
    "a:stream",
    "x::$DATA",
    "./.",
    "....//",
    "..%2f..%2f",
    "\u2215etc\u2215x",
    "\uff0fetc",
    ".faxdaemon",
    ".faxdaemon/mark-x",
)
_ODD = (
    "",
    ".",
    "..",
    "...",
    " ",
    "   ",
    " .",
    ". .",
    "x.",
    "x ",
    "x. . .",
    " x",
    ".hidden",
    "-rf",
    "--help",
    "*",
    "?",
    "*.pdf",
    "a*b?c",
    "<script>",
    '"quoted"',
    "'quoted'",
    "|cat",
    "a;b",
    "`id`",
    "$(id)",
    "{received}",
    "{id}",
    "}{",
    "%s%n",
    "=cmd|'/c calc'!A1",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "\t=1+1",
    "\uff1d1+1",
    "Thumbs.db",
    "desktop.ini",
    "~$letter",
    "x.tmp",
    "x.part",
    "#x#",
    "x~",
    "a\u0300" * 300,
    "\u0300" * 300,
    "\U0001f4a9" * 100,
    "é" * 4096,
    "C" * 4096,
    "\ufeffbom",
    "\u00ad",
    "\u200b",
    "\u200d" * 20,
    "\u2028x\u2029",
    "\ufff9x",
    "\ue000",
    "\uffff",
    "\U000e0041",
    "Ǆ",
    "\ufb01",
    "\u212b",
    "Straße",
    "١٢٣",
    "名前",
    "א\u05d0",
)


def _texts() -> Iterator[str]:
    yield from _ODD
    yield from _PATHS
    for device in _DEVICES:
        yield from (device, f"{device}.txt", f"{device} ", f" {device}", f"{device}.", f"{device}.a.b")
    for code in (*range(32), 127, 0x85, 0xA0):
        yield f"a{chr(code)}b"
        yield chr(code)
    for code in (0x202A, 0x202B, 0x202C, 0x202D, 0x202E, 0x2066, 0x2067, 0x2068, 0x2069, 0x200E, 0x200F, 0x61C):
        yield f"fax{chr(code)}fdp.exe"
    for code in (0xD800, 0xDBFF, 0xDC00, 0xDC80, 0xDCFF, 0xDFFF):
        yield f"a{chr(code)}"
        yield chr(code) * 40


HOSTILE = tuple(_texts())
