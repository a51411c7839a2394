"""Control files made to waste time and memory: refused with a reason, by a process that has little of both.

Everything is read in a process with `MEMORY` bytes and `SECONDS` of the processor: one that took more would die.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="platform: no limits for one process there")
MEMORY = 1024**3
SECONDS = 60
MANY = 200_000
"""Recipients; a control file of that length may be dropped (16 MB)."""

READ = f"""
import json, resource, sys
from faxdaemon.contracts.format import BadRequest, Papers
from support.dialects import opened
resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))
resource.setrlimit(resource.RLIMIT_CPU, ({SECONDS}, {SECONDS}))
content = sys.stdin.buffer.read()
found = opened(sys.argv[1]).read(Papers(sys.argv[2], content))
print(json.dumps(found.reason if isinstance(found, BadRequest) else type(found).__name__))
"""

LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha ha ha ha ha ha ha ha ha ha">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True))
    + "]>"
)
GFI = "<faxmakerdata><recipients><fax>{}</fax></recipients></faxmakerdata>"
GFI_ONE = "<recipient><faxnumber>3035550123</faxnumber></recipient>"
RETARUS = "<jobs><fax><distribution-list>{}</distribution-list></fax></jobs>"
RETARUS_ONE = "<fax-address><fax-number>3035550123</fax-number></fax-address>"


def refused(name: str, lead: str, content: str) -> str:
    """Why it is refused."""
    run = subprocess.run(
        [sys.executable, "-c", READ, name, lead],
        input=content.encode(),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        check=False,
        timeout=110,
    )
    assert run.returncode == 0, run.stderr.decode()[-2000:]
    return str(json.loads(run.stdout))


@pytest.mark.parametrize(
    ("name", "lead", "content", "why"),
    [
        ("request", "a.json", json.dumps({"to": ["3035550123"] * MANY}), "at most 10000"),
        ("request", "a.yaml", "to:\n" + "- '3035550123'\n" * MANY, "at most 10000"),
        ("csv_list", "a.csv", "number\n" + "3035550123\n" * MANY, "more than 10000 recipients"),
        ("gfi_xml", "a.xml", GFI.format(GFI_ONE * MANY), "elements"),
        ("retarus", "job1.xml", RETARUS.format(RETARUS_ONE * MANY), "elements"),
        ("zetafax", "a.sub", "%%[MESSAGE]\n" + "FAX: 3035550123\n" * MANY, "it names 200000 recipients"),
        ("vsifax", "a.tag", "tfn=3035550123\n" * MANY, "it names 200000 recipients"),
        ("rightfax_fcl", "a.fcl", "{{begin}}\n{{fax 3035550123}}\n{{end}}\n" * MANY, "it names 200000 recipients"),
    ],
    ids=["json", "yaml", "csv", "gfi", "retarus", "zetafax", "vsifax", "fcl"],
)
def test_more_recipients_than_anybody_means(name: str, lead: str, content: str, why: str) -> None:
    assert why in refused(name, lead, content)


@pytest.mark.parametrize(
    ("name", "lead", "content"),
    [
        ("gfi_xml", "a.xml", LAUGHS + GFI.format(GFI_ONE.replace("3035550123", "&j;"))),
        ("retarus", "job1.xml", LAUGHS + RETARUS.format(RETARUS_ONE.replace("3035550123", "&j;"))),
        ("etherfax", "a.xml", LAUGHS + "<FaxJob><Recipient>&j;</Recipient></FaxJob>"),
        ("concord", "a.xml", LAUGHS + "<FaxFile><FaxNumber>&j;</FaxNumber></FaxFile>"),
    ],
)
def test_text_that_is_declared_to_be_repeated(name: str, lead: str, content: str) -> None:
    reason = refused(name, lead, content)
    assert reason not in {"list", "NotMine"}
    assert len(reason) < 1000


@pytest.mark.parametrize(
    ("lead", "content", "why"),
    [
        ("a.json", "[" * 1_000_000, "nested too deeply"),
        ("a.yaml", "- " * 1_000_000, "nested too deeply"),
        ("a.yaml", "a: &a [x,x,x]\nb: &b [*a,*a,*a]\nto: [*b,*b,*b]\n", "aliases"),
    ],
)
def test_what_is_nested_without_end(lead: str, content: str, why: str) -> None:
    assert why in refused("request", lead, content)
