"""What the forms of the public pages are answered, in the language of the page."""

import pytest

from tests.builders import PASSWORD
from tests.programs import Program

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.requirement("S3-38")]

ADA = "ada@example.com"


def sent(form, language, **typed):
    """Send a form as the page of that language does."""
    return Program(key="").post(f"/auth/{form}", data=typed, headers={"Accept-Language": language})


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en-US", "The e-mail address or the password is wrong."),
        ("de-DE", "Die E-Mail-Adresse oder das Passwort ist falsch."),
        ("ar", "عنوان البريد الإلكتروني أو كلمة المرور غير صحيحة."),
    ],
)
def test_a_wrong_password_is_answered_in_the_language_of_the_page(language, said):
    answer = sent("sign-in", language, email=ADA, password="not this one")

    assert (answer.status_code, answer.json()["detail"]) == (401, said)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en-US", "Use at least 8 characters."),
        ("de-DE", "Verwenden Sie mindestens 8 Zeichen."),
        ("ar", "استخدم 8 أحرف على الأقل."),
    ],
)
def test_a_short_password_is_answered_in_the_language_of_the_page(language, said):
    answer = sent("sign-up", language, name="Mia", email="mia@example.com", password="short")

    assert (answer.status_code, answer.json()["problems"]) == (422, {"password": said})


@pytest.mark.parametrize(
    ("form", "typed", "status", "said"),
    [
        ("sign-up", {"name": "", "email": "mia", "password": PASSWORD}, 422, "Geben Sie einen Namen ein."),
        ("verify", {"sign_up": "made-up", "code": "123456"}, 410, "Dieser Code gilt nicht mehr."),
        ("forgot-password", {"email": "mia"}, 422, "Geben Sie eine E-Mail-Adresse"),
        ("reset-password", {"token": "made-up", "password": PASSWORD}, 410, "Dieser Link gilt nicht mehr."),
        ("setup", {"token": "made-up"}, 410, "Dieser Einrichtungslink gilt nicht mehr."),
        ("name", {"name": "Mia"}, 403, "Ihr Konto darf das nicht."),
        ("sign-in", {"email": ADA * 30, "password": PASSWORD}, 422, "Höchstens 300 Zeichen."),
    ],
)
def test_every_form_answers_in_german_on_a_german_page(form, typed, status, said):
    answer = sent(form, "de-DE", **typed)

    assert (answer.status_code, said in answer.text) == (status, True), answer.text


def test_whoever_tried_too_often_is_told_so_in_arabic():
    answers = [sent("sign-in", "ar", email=ADA, password="not this one") for _ in range(6)]

    assert answers[-1].status_code == 429
    assert "محاولات كثيرة جدًا" in answers[-1].json()["detail"]
