"""What a dialect writes, it reads: `read(compose(orders)) == orders`, for every dialect that can write.

A new file in `faxdaemon/formats` with a `compose` is tested here without a change.
"""

from __future__ import annotations

import string
from dataclasses import replace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.dialects import ASKS, NAMES, about, opened, read, sample

from faxdaemon.contracts.format import CannotSay, Looks, Order, Writes
from faxdaemon.core.model import Request
from faxdaemon.core.wishes import VOCABULARY, Kind, parse
from faxdaemon.formats._write import written
from faxdaemon.outbound.dialects import Asked

FOLDER = replace(ASKS, timezone="America/Denver")
ZONE = ZoneInfo(FOLDER.timezone)
WRITERS = [name for name in NAMES if isinstance(opened(name, FOLDER), Writes)]

#: Signs that mean something to a dialect, and cannot stand in its texts.
FORBIDDEN = {
    "gfi_text": ",=@",
    "concord_name": "{}",
    "filename": "_/\\",
    "activefax_name": "/\\",
    "number_first": "/\\ _.-,;",
    "snappyfax_name": "_/\\",
    "rightfax": "<>",
    "rightfax_fcl": "{}",
    "rightfax_fcl_codes": "{}",
    "vsifax": '"',
    "vsifax_codes": "[]",
    "zetafax_codes": "[]",
    "zetafax": "[]",
    "activefax": "\\",
    "copiafacts": '"',
}
#: Free fields that a dialect has; any, where it is not named here.
FIELDS = {
    "activefax": ["notice_to", "activefax_priority"],
    "activefax_name": ["F301", "F308"],
    "etherfax": ["tz"],
    "gfi_text": ["line", "department"],
    "gfi_xml": ["line", "department", "phone", "email", "sender_department"],
    "number_first": ["title"],
    "retarus": [],
    "rightfax": ["rightfax_user", "rightfax_formtype"],
    "rightfax_fcl": ["owner", "winsecid", "doctype", "notifyhost"],
    "rightfax_fcl_codes": ["rightfax_doctype", "rightfax_owner", "rightfax_winsecid", "rightfax_comment"],
    "snappyfax_name": ["memo"],
    "vsifax": ["udf", "tvn"],
    "vsifax_codes": ["vsifax_cover"],
    "zetafax": ["user", "lan", "comment", "delete"],
    "zetafax_codes": ["zetafax_user", "zetafax_charge", "zetafax_comment"],
}
ALL_CHOICES = {"csv_list", "key_value", "request"}
"""Those that know every choice; of the others none has more than two resolutions."""
OWN_REFERENCES = {"csv_list", "request", "retarus"}
"""One for each recipient; the others have one for all, if any."""
ONE_NAME = {name for name in NAMES if opened(name).looks_at is Looks.CONTENT}
MOST_DOCUMENTS = {"etherfax": 1}
SIGNS = string.ascii_letters + string.digits + " äöüÅéłжß.-'&;:#%+!()<>{}[]\"=@,_/\\|*~`^$?"


def texts(name: str, *, lines: bool = False) -> st.SearchStrategy[str]:
    """What people write, as far as the dialect can carry it."""
    allowed = [sign for sign in SIGNS if sign not in FORBIDDEN.get(name, "")]
    line = st.text(st.sampled_from(allowed), min_size=1, max_size=20).map(lambda text: " ".join(text.split()))
    line = line.filter(bool)
    return st.lists(line, min_size=1, max_size=3).map("\n".join) if lines else line


def values(name: str, wish: str) -> st.SearchStrategy[Any]:
    """What may be wished."""
    told = VOCABULARY[wish]
    choices = told.choices if name in ALL_CHOICES else tuple(each for each in told.choices if each != "hyperfine")
    moments = st.datetimes().map(lambda each: f"2036-{each:%m}-0{each.day % 9 + 1} {each:%H:%M:%S}")
    kinds: dict[Kind, st.SearchStrategy[Any]] = {
        Kind.CHOICE: st.sampled_from(choices) if choices else st.nothing(),
        Kind.TIME: moments,
        Kind.NUMBER: st.integers(0, told.most).map(str),
        Kind.FLAG: st.sampled_from(["yes", "no"]),
        Kind.PHONE: st.just("+13035550111"),
        Kind.ADDRESS: st.just("desk@example.org"),
    }
    if wish == "notify_to":
        return kinds[Kind.ADDRESS]
    return kinds.get(told.kind, texts(name).map(lambda text: text[: told.most].strip()))


@st.composite
def asked(draw: st.DrawFn, name: str) -> list[Order]:
    """Something that the dialect can say, by what it tells that it carries."""
    carries = set(about(name).carries)
    many = draw(st.integers(1, 3)) if "several jobs" in carries else 1
    return [draw(one(name, carries)) for _ in range(many)]


@st.composite
def one(draw: st.DrawFn, name: str, carries: set[str]) -> Order:
    several = 3 if "several recipients" in carries else 1
    numbers = draw(st.lists(st.integers(1000, 9999), min_size=1, max_size=several, unique=True))
    free = draw(fields(name, carries))
    who = [draw(maybe(name, "name", carries)) for _ in numbers]
    references = [draw(maybe(name, "reference", carries)) for _ in numbers]
    if name in ONE_NAME:
        who = who[:1] * len(numbers)
    if name not in OWN_REFERENCES:
        references = references[:1] * len(numbers)
    if name == "filename" and who == [None]:
        references = [None]  # by that pattern, what comes first is the name
    account = draw(st.sampled_from(["main", None])) if "account" in carries else None
    options = draw(wishes(name, carries))
    begin = draw(st.sampled_from(["+1303555", "1303555", "303555"]))
    requests = [
        Request(f"{begin}{number}", each, reference, free, options, account)
        for number, each, reference in zip(numbers, who, references, strict=True)
    ]
    places = st.sampled_from(["a.pdf", "scans/b 2.tif", "S:\\out\\c.pdf"])
    documents = draw(st.lists(places, unique=True, max_size=MOST_DOCUMENTS.get(name, 3)))
    text = draw(texts(name, lines=True)) + "\n" if "text" in carries and draw(st.booleans()) else None
    return Order(tuple(requests), tuple(documents) or None if "documents" in carries else None, text)


@st.composite
def wishes(draw: st.DrawFn, name: str, carries: set[str]) -> dict[str, Any]:
    known = sorted(carries & set(VOCABULARY)) if name != "filename" else []  # there the folder's pattern tells
    chosen = draw(st.sets(st.sampled_from(known), max_size=5)) if known else set()
    options = {wish: value for wish in sorted(chosen) if (value := draw(values(name, wish)))}
    if name.startswith("concord"):  # its one word for both
        options.pop("notify", None)
        options |= {"notify": "email"} if "notify_to" in options else {}
    if name == "snappyfax_name" and "cover_text" not in options:
        options.pop("subject", None)
    return options


def fields(name: str, carries: set[str]) -> st.SearchStrategy[dict[str, str]]:
    if "fields" not in carries or FIELDS.get(name) == []:
        return st.just({})
    own = st.text("abcxyz", min_size=4, max_size=6).map("x7".__add__)
    return st.dictionaries(st.sampled_from(FIELDS[name]) if name in FIELDS else own, texts(name), max_size=3)


def maybe(name: str, word: str, carries: set[str]) -> st.SearchStrategy[str | None]:
    """Said or not; only what the dialect can say."""
    if word not in carries:
        return st.none()
    return st.one_of(st.none(), texts(name))


def plain(orders: Any) -> list[Any]:
    """What they ask for: how it was decoded, and what stands in the document, is not of it."""
    return [
        (
            [replace(each, fields=dict(each.fields), options=parse(each.options, ZONE)) for each in order.requests],
            order.documents or (),
            order.text,
            order.hold,
        )
        for order in orders
    ]


def lead(name: str, text: str) -> str:
    return f"{text}.pdf" if opened(name).looks_at is Looks.NAME else sample(name).lead


@pytest.mark.parametrize("name", WRITERS)
@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_it_writes_it_reads(name: str, data: st.DataObject) -> None:
    orders = data.draw(asked(name))
    text = cast(Writes, opened(name, FOLDER)).compose(orders)
    found = read(name, lead(name, text), text.encode(), FOLDER)
    assert isinstance(found, Asked), (found, text)
    assert plain(found.orders) == plain(orders), text
    assert written(cast(Writes, opened(name, FOLDER)), sample(name).lead, orders, FOLDER) == text


def test_nearly_all_dialects_can_be_written() -> None:
    assert set(NAMES) - set(WRITERS) == {"site_codes"}, "its codes are the site's own expressions"


@pytest.mark.parametrize(
    ("name", "order", "lost"),
    [
        ("faxbot", Order((Request("3035550123", "Dr. Lee"),)), "name"),
        ("faxbot", Order((Request("3035550123"), Request("3035550124"))), "one recipient"),
        ("etherfax", Order((Request("3035550123"),), ("a.pdf", "b.pdf")), "documents"),
        ("gfi_text", Order((Request("3035550123", "Lee, Ann"),)), "line 1"),
        ("zetafax", Order((Request("3035550123"),), text="%%[Fax: 1]\n"), "not known here"),
        ("number_first", Order((Request("3035550123"),), text="hello\n"), "text"),
        ("rightfax_fcl", Order((Request("3035550123", options={"subject": "x"}),)), "subject"),
        ("key_value", Order((Request("3035550123", fields={"resolutoin": "x"}),)), "did you mean"),
        ("concord", Order((Request("3035550123"),), ("a.pdf",)), "names no documents"),
    ],
)
def test_what_it_has_no_words_for_is_told(name: str, order: Order, lost: str) -> None:
    with pytest.raises(CannotSay, match=lost):
        written(cast(Writes, opened(name, FOLDER)), sample(name).lead, [order], FOLDER)


def test_several_jobs_where_there_can_be_one() -> None:
    one = Order((Request("3035550123"),))
    with pytest.raises(CannotSay, match="one job"):
        written(cast(Writes, opened("request", FOLDER)), "a.json", [one, one], FOLDER)


def test_a_name_for_the_whole_file_is_kept() -> None:
    orders = [Order((Request("3035550123", None, "a", {"job": "4711"}),), ("a.pdf",))] * 2
    assert "<reference>4711</reference>" in written(cast(Writes, opened("retarus", FOLDER)), "job1.xml", orders, FOLDER)
