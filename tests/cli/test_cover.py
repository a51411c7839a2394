"""faxdaemon cover: a look at a cover page."""

from __future__ import annotations

import pypdfium2
import yaml
from typer.testing import CliRunner

from faxdaemon import cli


def test_the_built_in_page_needs_no_configuration(tmp_path):
    out = tmp_path / "a.pdf"
    result = CliRunner().invoke(cli.app, ["cover", "built-in", "--to", "Dr. Yes", "--pages", "4", "--out", str(out)])
    assert (result.exit_code, result.output) == (0, f"{out}: 1 page\n")
    text = pypdfium2.PdfDocument(out)[0].get_textpage().get_text_range()
    assert "Dr. Yes" in text
    assert "5, with this one" in text


def configured(site, **covers):
    whole = yaml.safe_load(site.config.read_text("utf-8"))
    site.config.write_text(yaml.safe_dump({**whole, "covers": covers}), encoding="utf-8")


def test_a_page_of_one_s_own(site):
    template = site.place / "t.txt"
    template.write_text("Hello {to}", "utf-8")
    configured(site, Clinic=str(template))
    result = site.run("cover", "clinic", "--to", "Dr. Yes", "--out", str(site.place / "a.pdf"))
    assert result.exit_code == 0
    assert pypdfium2.PdfDocument(site.place / "a.pdf")[0].get_textpage().get_text_range() == "Hello Dr. Yes"


def test_mistakes_are_told(site):
    configured(site, plain="built-in", broken=str(site.place / "gone.txt"))
    out = str(site.place / "a.pdf")
    unknown = site.run("cover", "nonsense", "--out", out)
    assert unknown.exit_code == 1
    assert "no cover page “nonsense” under `covers` (there are: broken, plain)" in unknown.output
    assert "cannot be read" in site.run("cover", "broken", "--out", out).output
    assert "cannot be written" in site.run("cover", "plain", "--out", str(site.place / "no" / "a.pdf")).output


def test_check_looks_at_every_template(site):
    configured(site, plain="built-in", broken=str(site.place / "gone.txt"))
    result = site.run("check")
    assert "cover page plain" in result.output
    assert "gone.txt cannot be read" in result.output
