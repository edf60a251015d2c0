"""`make test` brings a browser where there is none, and says what it does."""

import pytest

from tests import browser

APT, PLAYWRIGHT = "apt-get", "playwright"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    """Return what makes a machine on which no browser starts until one of some commands has run."""
    ran: list[str] = []

    def make(*, is_debian: bool, helps: tuple[str, ...]) -> list[str]:
        def run(*command: str) -> bool:
            ran.extend(name for name in (APT, PLAYWRIGHT) if name in command and "update" not in command)
            return True

        monkeypatch.setattr(browser, "starts", lambda: any(name in ran for name in helps))
        monkeypatch.setattr(browser, "_apt_may_install", lambda: is_debian)
        monkeypatch.setattr(browser, "_run", run)
        return ran

    return make


def test_debians_package_is_installed_where_it_may_be(machine, capsys):
    ran = machine(is_debian=True, helps=(APT,))

    browser.install()

    assert ran == [APT]
    assert capsys.readouterr().out == "The tests need a Chromium: installing Debian's package.\n"


@pytest.mark.parametrize(("is_debian", "tried"), [(True, [APT, PLAYWRIGHT]), (False, [PLAYWRIGHT])])
def test_playwrights_own_is_downloaded_where_debian_has_none_that_starts(machine, capsys, is_debian, tried):
    ran = machine(is_debian=is_debian, helps=(PLAYWRIGHT,))

    browser.install()

    assert ran == tried
    assert capsys.readouterr().out.endswith("The tests need a Chromium: downloading Playwright's own.\n")


def test_whoever_can_get_none_is_told_what_to_do(machine):
    machine(is_debian=True, helps=())

    with pytest.raises(SystemExit, match="Install Chromium or Google Chrome") as stopped:
        browser.install()

    assert stopped.value.code not in {None, 0}


def test_nothing_is_installed_or_said_where_a_browser_starts(monkeypatch, capsys):
    monkeypatch.setattr(browser, "starts", lambda: True)
    monkeypatch.setattr(browser, "_run", lambda *_: pytest.fail("nothing has to run"))

    browser.install()

    assert capsys.readouterr().out == ""
