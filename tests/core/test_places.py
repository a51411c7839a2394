"""Where everything lies on disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faxdaemon.core.ids import FaxId
from faxdaemon.core.naming import NAME_MAX
from faxdaemon.core.places import HIDDEN, OUTCOMES, DropPlaces, Spool, claimant

ID = FaxId("01jd0000000000000000000001")
OTHER = FaxId("01jd0100000000000000000001")
PLACES = DropPlaces(Path("/srv/out"), "node")


def test_a_claim_is_below_the_nodes_own_folder_under_its_id_and_its_name() -> None:
    assert PLACES.claimed(ID, "x.pdf") == Path(f"/srv/out/.faxdaemon/claimed/node/{ID}=x.pdf")
    assert DropPlaces(Path("/srv/out"), "other").claims != PLACES.claims


@pytest.mark.parametrize("letter", ["a", "ü", "\udcfc"])
def test_a_name_too_long_for_the_id_has_a_folder_of_its_own(letter: str) -> None:
    size = len(os.fsencode(letter))
    longest = (NAME_MAX - len(ID) - 1) // size
    assert PLACES.claimed(ID, letter * longest).parent == PLACES.claims
    assert PLACES.claimed(ID, letter * (longest + 1)) == PLACES.claims / ID / (letter * (longest + 1))


names = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=300).filter(
    lambda name: name not in {".", ".."} and len(name.encode()) <= NAME_MAX
)


@given(names)
def test_every_claim_fits_is_below_the_claims_and_tells_whose_it_is(name: str) -> None:
    path = PLACES.claimed(ID, name)
    entry, *rest = path.relative_to(PLACES.claims).parts
    assert all(len(part.encode()) <= NAME_MAX for part in (entry, *rest))
    assert claimant(entry) == ID
    assert (entry.partition("=")[2] or rest[0]) == name


@pytest.mark.parametrize(
    "entry", ["x.pdf", "=x.pdf", f"{ID}x", f"{ID}-1", "Thumbs.db", ID.upper(), f"{ID[:-1]}=x.pdf", f"x{ID}=x.pdf", ""]
)
def test_what_is_no_claim_is_nobodys(entry: str) -> None:
    assert claimant(entry) is None


def test_what_is_staged_is_told_apart_by_fax_and_number() -> None:
    staged = {PLACES.staged(fax, number) for fax in (ID, OTHER) for number in (1, 2)}
    assert len(staged) == 4
    assert {path.parent for path in staged} == {PLACES.staging}


def test_outcomes() -> None:
    day = "2026-11-20"
    assert PLACES.outcome("sent", day) == Path("/srv/out/sent/2026-11-20")
    assert PLACES.outcome("held", day) == Path("/srv/out/held")
    assert PLACES.outcome("failed", day) == PLACES.outcome("cancelled", day) == Path("/srv/out/failed")
    shown = {PLACES.outcome(overall, day).relative_to(PLACES.folder).parts[0] for overall in ("sent", "failed", "held")}
    assert shown == set(OUTCOMES)


def test_all_that_is_ours_is_hidden_or_an_outcome() -> None:
    for path in PLACES.needed():
        assert path.relative_to(PLACES.folder).parts[0] in {HIDDEN, *OUTCOMES}
    assert {PLACES.claims, PLACES.staging} < set(PLACES.needed())


def test_the_spool_is_below_the_state_and_divided_by_time() -> None:
    spool = Spool(Path("/var/state"))
    name = spool.name("out", ID, 1, ".PDF")
    assert name == f"out/01jd00/{ID}-1.pdf"
    assert spool.path(name) == Path("/var/state/spool/out/01jd00") / f"{ID}-1.pdf"
    assert spool.name("out", OTHER, 1, "").split("/")[1] != name.split("/")[1]
    assert spool.name("in", ID, 1, ".pdf") != name
