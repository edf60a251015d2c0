"""Every requirement is proven by a test that names it, and the page about it is up to date."""

from tests import requirements

ASKED = requirements.asked()
PROVEN = requirements.proofs()


def test_every_requirement_has_a_test():
    assert ASKED.sentences.keys() - PROVEN.keys() == set()


def test_no_test_names_a_requirement_that_nobody_asked_for():
    assert PROVEN.keys() - ASKED.sentences.keys() == set()


def test_every_number_of_the_claim_batches_is_there():
    assert [number for number in ASKED.sentences if number.startswith("S3-")] == [f"S3-{n}" for n in range(1, 39)]


def test_the_page_is_up_to_date():
    assert requirements.PAGE.read_text(encoding="utf-8") == requirements.page(), "run: python -m tests.requirements"


def test_a_mark_is_found_wherever_it_stands(tmp_path):
    (tmp_path / "test_it.py").write_text(
        "import pytest\n@pytest.mark.parametrize('x', [1])\n@pytest.mark.requirement('S3-1', 'S3-2')\n"
        "def test_this_and_that(x): ...\ndef test_other(): ...\n"
    )

    found = requirements.proofs(tmp_path)
    assert {number: [proof.sentence for proof in tests] for number, tests in found.items()} == {
        "S3-1": ["this and that"],
        "S3-2": ["this and that"],
    }
