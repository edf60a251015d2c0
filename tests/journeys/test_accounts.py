"""People come in by the mail they read: a new member, one who forgot the password, and one who lost a phone."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests import builders
from tests.journeys.conftest import DESK, PHONE, Shop, Watch, screenshot
from tests.journeys.server import Server


def test_a_visitor_signs_up_enters_the_code_from_the_mail_and_claims(
    visit: Callable[..., Page], shop: Shop, server: Server, watch: Watch
) -> None:
    watch.forgiven += ["422 (Unprocessable"]
    phone = visit(None, shop.claim_path(shop.batch("Window")), at=PHONE)
    phone.get_by_role("link", name="Become a member").click()
    phone.get_by_label("Name").fill("Nadia")
    phone.get_by_label("E-mail").fill("nadia@example.com")
    phone.get_by_label("Password").fill(builders.PASSWORD)
    phone.get_by_role("button", name="Make account").click()

    expect(phone.get_by_role("heading", name="Enter the code")).to_be_visible()
    expect(phone.get_by_text("nadia@example.com")).to_be_visible()
    expect(phone.get_by_text("no mail server yet")).to_be_visible()
    screenshot(phone, "verify")
    first = code_in(server.letter("nadia@example.com"))
    assert first not in phone.content()
    phone.get_by_role("button", name="Send a new code").click()
    expect(phone.get_by_text("A new code is on its way.")).to_be_visible()
    code = code_in(server.letter("nadia@example.com", 2))
    phone.get_by_label("Code").fill(f"{(int(code) + 1) % 1_000_000:06}")
    phone.get_by_role("button", name="Confirm address").click()
    expect(phone.get_by_role("alert")).to_contain_text("This is not the code from the mail.")
    screenshot(phone, "verify-wrong", dark=False)

    phone.get_by_label("Code").fill(f"{code[:3]} {code[3:]}")
    phone.get_by_role("button", name="Confirm address").click()
    phone.get_by_role("button", name="Claim voucher").click()
    expect(phone.get_by_role("heading", name="It is yours")).to_be_visible()


def test_a_member_who_forgot_the_password_chooses_a_new_one(
    visit: Callable[..., Page], shop: Shop, server: Server, watch: Watch
) -> None:
    watch.forgiven += ["401 (Unauthorized"]
    tablet = visit(shop.member("Roza"), "/my/cards/")
    expect(tablet.get_by_role("heading", name="My cards")).to_be_visible()
    phone = visit(None, "/sign-in/", at=PHONE)
    phone.get_by_role("link", name="Forgot your password?").click()
    screenshot(phone, "forgot-password")
    phone.get_by_label("E-mail").fill("roza@example.com")
    phone.get_by_role("button", name="Send link").click()
    expect(phone.get_by_role("heading", name="Look into your mail")).to_be_visible()
    screenshot(phone, "forgot-password-sent")

    link = re.search(r"http\S+/reset-password/\S+", server.letter("roza@example.com")).group()
    phone.goto(link)
    expect(phone.get_by_role("heading", name="Choose a new password")).to_be_visible()
    screenshot(phone, "reset-password")
    phone.get_by_label("Password").fill("something quite new")
    phone.get_by_role("button", name="Set password").click()
    expect(phone.get_by_text("Your new password is set.")).to_be_visible()
    screenshot(phone, "sign-in-after-reset")
    expect(tablet.get_by_role("heading", name="Sign in")).to_be_visible()  # by itself

    sign_in(phone, "roza@example.com", builders.PASSWORD)
    expect(phone.get_by_role("alert")).to_contain_text("wrong")
    sign_in(phone, "roza@example.com", "something quite new")
    expect(phone.get_by_role("heading", name="My cards")).to_be_visible()
    again = visit(None, link, at=PHONE)
    expect(again.get_by_role("heading", name="This link does not work any more")).to_be_visible()


def test_a_member_sees_where_they_are_signed_in_and_ends_it(
    visit: Callable[..., Page], shop: Shop, watch: Watch
) -> None:
    watch.forgiven += ["422 (Unprocessable"]
    shop.member("Pola")
    phone, lost, desk = visit(None, "/sign-in/", at=PHONE), visit(None, "/sign-in/"), visit(None, "/sign-in/", at=DESK)
    for page in (phone, lost, desk):
        sign_in(page, "pola@example.com", builders.PASSWORD)
        expect(page.get_by_role("heading", name="My cards")).to_be_visible()
    phone.locator(".account > summary").click()
    phone.get_by_role("link", name="My account").click()
    sessions = phone.get_by_role("listitem")
    expect(sessions).to_have_count(4)  # with the one that joining opened
    expect(phone.get_by_text("This browser")).to_have_count(1)
    screenshot(phone, "account")

    sessions.get_by_role("button", name="Sign out").first.click()
    expect(sessions).to_have_count(3)
    phone.get_by_role("button", name="Sign out all others").click()
    expect(sessions).to_have_count(1)
    for page in (lost, desk):
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()

    phone.get_by_label("Name").fill("Pola Negri")
    phone.get_by_role("button", name="Change name").click()
    expect(phone.get_by_text("Your name is changed.")).to_be_visible()
    expect(phone.get_by_label("Name")).to_have_value("Pola Negri")
    phone.get_by_label("Present password").fill("not this one")
    phone.get_by_label("New password").fill("a better password")
    phone.get_by_role("button", name="Change password").click()
    expect(phone.get_by_role("alert")).to_contain_text("This is not your present password.")
    phone.get_by_label("Present password").fill(builders.PASSWORD)
    phone.get_by_role("button", name="Change password").click()
    expect(phone.get_by_text("Your password is changed.")).to_be_visible()


def test_a_stranger_signs_in_before_the_account_is_shown(visit: Callable[..., Page], shop: Shop) -> None:
    shop.member("Lena")
    page = visit(None, "/account/", at=PHONE)
    sign_in(page, "lena@example.com", builders.PASSWORD)

    expect(page.get_by_role("heading", name="My account")).to_be_visible()


def code_in(letter: str) -> str:
    found = re.search(r"\b\d{6}\b", letter)
    assert found
    return found.group()


def sign_in(page: Page, email: str, password: str) -> None:
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
