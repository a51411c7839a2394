"""Routing by what a fax asks for: which accounts can do it, what the daemon does itself, faxes to an address."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs
from support.papers import pdf_bytes
from support.scripted import Scripted, Site, capabilities, rules

from faxdaemon.contracts.format import FolderAsks
from faxdaemon.contracts.provider import JobStatus, Progress
from faxdaemon.contracts.stage import NOTHING_DUE
from faxdaemon.core.ids import FaxId
from faxdaemon.formats.filename import open_format
from faxdaemon.outbound.choose import FolderRules
from faxdaemon.outbound.dialects import Dialects
from faxdaemon.outbound.track import TrackStage

ALL = {
    "plain": capabilities(),
    "covers": capabilities(wishes=frozenset({"cover", "cover_text", "subject", "send_at"})),
    "waits": capabilities(wishes=frozenset({"send_at", "expire_at"})),
    "mails": capabilities(wishes=frozenset({"service", "address"}), regions=frozenset({"1"})),
}


@pytest.fixture
def stage(site: Site) -> Any:
    def made(
        *accounts: str, pattern: str = "{number}_{reference}", to: str | None = None, hours: int = 1, **options: Any
    ) -> None:
        rules = FolderRules(
            dialects=Dialects([("filename", open_format(FolderAsks(pattern, to)))]),
            accounts=accounts,
            region="US",
            options=options,
            expire=hours * 3600.0,
        )
        assert site.routing(rules, ALL)[0].step() == NOTHING_DUE

    return made


@pytest.fixture
def fax(site: Site) -> FaxId:
    return site.received("3035550123_4711.pdf", pdf_bytes())


def at(site: Site, seconds: float) -> str:
    return (site.clock.now().replace(microsecond=0) + timedelta(seconds=seconds)).isoformat()


def nothing_due(site: Site) -> bool:
    return not site.journal.claim_ready("plain", 1, 60.0)


# -- what an account does not take


def test_an_account_that_lacks_what_must_be_is_left_out(site: Site, stage: Any, fax: FaxId) -> None:
    stage("plain", "covers", cover_text="Please call back.")
    assert nothing_due(site)
    assert site.claimed("covers").accounts == ("covers",)


def test_where_no_account_takes_it_the_fax_fails_with_the_reason(site: Site, stage: Any, fax: FaxId) -> None:
    stage("plain", "mails", cover="Standard", cover_text="Hello")
    assert site.state_of(fax) == "failed"
    assert site.reason(fax) == (
        "no account can send it (plain: does not take cover, cover_text; mails: does not take cover, cover_text)"
    )


def test_what_may_be_missing_is_left_out_and_told(site: Site, stage: Any, fax: FaxId) -> None:
    with capture_logs() as logs:
        stage("plain", "covers", subject="Results")
    assert site.claimed("plain").options == {"subject": "Results"}
    (told,) = [entry for entry in logs if entry["event"] == "route.without"]
    assert (told["fax"], told["account"], told["wishes"]) == (fax, "plain", ["subject"])


def test_to_ask_for_a_fax_asks_for_nothing(site: Site, stage: Any, fax: FaxId) -> None:
    stage("plain", service="fax")
    assert site.claimed("plain").options == {}


# -- what a file name asks for


def test_a_field_of_the_name_is_a_wish_and_comes_before_the_folders(site: Site, stage: Any) -> None:
    site.received("3035550123_fine.pdf", pdf_bytes())
    stage("plain", pattern="{number}_{resolution}", resolution="standard")
    assert site.claimed("plain").options == {"resolution": "fine"}


def test_a_wish_that_cannot_be_understood_fails_in_words(site: Site, stage: Any) -> None:
    fax = site.received("3035550123_finest.pdf", pdf_bytes())
    stage("plain", pattern="{number}_{resolution}")
    assert site.state_of(fax) == "failed"
    assert site.reason(fax) == "resolution: “finest” is not possible; write one of standard, fine, hyperfine"


# -- times


def test_a_fax_waits_here_for_its_time(site: Site, stage: Any, fax: FaxId) -> None:
    stage("plain", "waits", send_at=at(site, 7200))
    assert nothing_due(site)
    assert site.journal.next_due("ready", "plain") == pytest.approx(7200, abs=2)
    site.later(7201)
    submission = site.claimed("plain")
    assert submission.options == {}, "it is not asked for a second time"
    assert submission.expires_at > site.clock.now() + timedelta(seconds=3500), "its hour begins at its time"


def test_held_and_released_it_still_waits_for_its_time(site: Site, stage: Any, fax: FaxId) -> None:
    stage("plain", send_at=at(site, 7200))
    site.journal.hold(fax, "wait")
    site.journal.release(fax)
    assert site.state_of(fax) == "ready"
    assert nothing_due(site)
    site.later(7201)
    assert site.claimed("plain").fax_id == fax


def test_where_every_account_can_wait_the_provider_waits(site: Site, stage: Any, fax: FaxId) -> None:
    when = at(site, 7200)
    stage("waits", "covers", send_at=when)
    assert site.claimed("waits").options == {"send_at": when}


def test_a_fax_that_is_late_fails_at_its_time(site: Site, stage: Any, fax: FaxId) -> None:
    stage("waits", expire_at=at(site, 600))
    site.later(601)
    assert site.journal.expire(10) == 1
    assert site.state_of(fax) == "failed"


def test_a_fax_may_outlive_the_folders_hour(site: Site, stage: Any, fax: FaxId) -> None:
    stage("plain", expire_at=at(site, 7200))
    site.later(7100)
    assert site.journal.expire(10) == 0
    assert site.claimed("plain").fax_id == fax


def test_an_end_before_the_beginning_is_refused(site: Site, stage: Any, fax: FaxId) -> None:
    stage("plain", send_at=at(site, 7200), expire_at=at(site, 600))
    assert site.state_of(fax) == "failed"
    assert "`expire_at`" in site.reason(fax)


def test_what_is_urgent_goes_first_but_not_for_ever(site: Site, stage: Any) -> None:
    long_ago = site.received("3035550123_1.pdf", pdf_bytes())
    stage("plain", hours=24)
    site.later(3601)
    before = site.received("3035550123_2.pdf", pdf_bytes())
    stage("plain", priority="low")
    site.later(1)
    urgent = site.received("3035550123_3.pdf", pdf_bytes())
    stage("plain", priority="high")
    assert [site.claimed("plain").fax_id for _ in range(3)] == [long_ago, urgent, before]


def test_a_fax_says_how_often_it_is_tried_again(site: Site, stage: Any, fax: FaxId) -> None:
    stage("plain", hours=24, retries=1)
    provider = Scripted(retries_itself=False)
    for job, outcome in (("job-1", "ready"), ("job-2", "failed")):
        busy = [JobStatus(job, Progress.FAILED, "busy")]
        site.later(3600)
        assert site.journal.accepted(site.claimed("plain"), job, 0.0)
        site.later(60)
        TrackStage(
            rules("plain", retries=3),
            provider=provider.will("status", busy),
            journal=site.journal,
            accounts=site.journal,
            asking=site.asking(),
            clock=site.clock,
            alert=site.alerts,
        ).step()
        assert site.state_of(fax) == outcome


# -- addresses


def test_an_e_mail_goes_to_its_address_where_others_have_their_number(site: Site, stage: Any, fax: FaxId) -> None:
    stage("plain", "mails", service="email", address="desk@example.org")
    submission = site.claimed("mails")
    assert submission.number == "desk@example.org"
    assert submission.options == {"service": "email", "address": "desk@example.org"}


@pytest.mark.parametrize("pattern", ["{number}_{reference}", "{address}_{reference}"])
def test_the_file_name_may_give_the_address(site: Site, stage: Any, pattern: str) -> None:
    site.received("desk@example.org_4711.pdf", pdf_bytes())
    stage("mails", pattern=pattern, service="email")
    submission = site.claimed("mails")
    assert (submission.number, submission.options["address"]) == ("desk@example.org", "desk@example.org")


def test_a_number_is_no_address(site: Site, stage: Any, fax: FaxId) -> None:
    stage("mails", service="email")
    assert site.reason(fax) == "address: is no e-mail address; write it like desk@example.org"


def test_an_address_is_no_number(site: Site, stage: Any) -> None:
    fax = site.received("desk@example.org_4711.pdf", pdf_bytes())
    stage("mails")
    assert "is not a fax number" in site.reason(fax)


def test_an_address_without_its_service_is_refused(site: Site, stage: Any, fax: FaxId) -> None:
    stage("mails", address="desk@example.org")
    assert "only with the service email or qsign" in site.reason(fax)


def test_other_services_need_a_number(site: Site, stage: Any, fax: FaxId) -> None:
    stage("mails", service="sms")
    assert site.claimed("mails").number == "+13035550123"
