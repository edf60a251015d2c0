"""A token says exactly what was sealed, or nothing: no changed text, and no text by chance, passes."""

import base64
import os
import random
import string

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from hypothesis import given
from hypothesis import strategies as st

from loyalty_app.batches import scans
from loyalty_app.keys import rules
from loyalty_app.keys.rules import Sealed, pack, sealer, unpack, unseal

SIGNS = string.ascii_letters + string.digits + "-_"
OTHERS = "=+/ .~%&#\n\0\u00e9\u0661\ud800"
ONE, TWO = (rules.cipher(rules.new_secret()) for _ in range(2))
SECRETS = {1: ONE}
SAID = {"points": "20", "campaign": "Herbst – 🍂"}


def token(serial=1, *, batch_id=7, key_id=1, cipher=ONE, parameters=SAID):
    return sealer(cipher, key_id, batch_id, parameters)(serial)


def test_a_token_says_what_was_sealed():
    assert unseal(token(99), SECRETS) == Sealed(1, 7, 99, SAID)
    assert token(99) == token(99)
    assert len({token(serial) for serial in range(1000)}) == 1000
    assert len({len(token(serial)) for serial in (0, 1, 99_999, 2**32 - 1)}) == 1


@pytest.mark.requirement("S0-24")
def test_nothing_of_the_parameters_is_seen_in_a_token():
    bare = base64.urlsafe_b64decode(token(parameters={"points": "20"}) + "==")
    written = base64.urlsafe_b64decode(token() + "=" * (-len(token()) % 4))

    assert not any(word.encode() in written for word in ("points", "campaign", "Herbst", "🍂"))
    # All but the first byte differ from one serial to the next as chance would have it: half of the bits.
    pairs = [(token(serial), token(serial + 1)) for serial in range(200)]
    bits = [(value(one) ^ value(two)).bit_count() for one, two in pairs]
    assert 0.45 < sum(bits) / len(bits) / (8 * (len(written) - 1)) < 0.55
    assert len(bare) < 40


def value(text):
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


@pytest.mark.requirement("S0-25")
@pytest.mark.parametrize("parameters", [{"points": "20"}, SAID, {"points": "1000000", "k": "v"}])
def test_no_change_of_one_character_passes(parameters):
    whole = token(parameters=parameters)
    for place, kept in enumerate(whole):
        for sign in SIGNS + OTHERS:
            if sign != kept:
                assert unseal(whole[:place] + sign + whole[place + 1 :], SECRETS) is None, (place, sign)
            assert unseal(whole[:place] + sign + whole[place:], SECRETS) is None, (place, sign)
        assert unseal(whole[:place] + whole[place + 1 :], SECRETS) is None, place


@pytest.mark.requirement("S0-25")
def test_nothing_shorter_longer_or_put_together_passes():
    one, two = token(1), token(2)
    assert all(unseal(one[:length], SECRETS) is None for length in range(len(one)))
    assert all(unseal(one[start:], SECRETS) is None for start in range(1, len(one)))
    assert all(unseal(one + more, SECRETS) is None for more in ("A", "AAAA", "=", "==", one, "\n", " "))
    assert all(unseal(more + one, SECRETS) is None for more in ("A", "AAAA", "=", "\n", " "))
    assert all(
        unseal(mixed, SECRETS) is None
        for cut in range(3, len(one) - 1)
        if (mixed := one[:cut] + two[cut:]) not in {one, two}
    )
    assert unseal(one.swapcase(), SECRETS) is None
    assert unseal(one[::-1], SECRETS) is None


@pytest.mark.requirement("S0-25")
def test_only_the_key_that_sealed_opens_and_only_under_its_number():
    assert unseal(token(cipher=TWO), SECRETS) is None
    assert unseal(token(key_id=2), SECRETS) is None
    assert unseal(token(), {1: TWO, 2: ONE}) is None
    raw = base64.urlsafe_b64decode(token() + "=" * (-len(token()) % 4))
    for first in set(range(256)) - {raw[0]}:  # every other format and key number
        forged = base64.urlsafe_b64encode(bytes([first]) + raw[1:]).rstrip(b"=").decode()
        assert unseal(forged, dict.fromkeys(range(16), ONE)) is None


def test_other_writings_of_the_same_bytes_are_no_token():
    for parameters in ({"points": "20"}, {"points": "20", "a": "b"}, {"points": "20", "a": "bc"}):  # every remainder
        whole = token(parameters=parameters)
        spare = {2: 16, 3: 4}.get(len(whole) % 4, 1)
        last = SIGNS_IN_ORDER.index(whole[-1])
        same = [SIGNS_IN_ORDER[last - last % spare + more] for more in range(spare)]
        assert [sign for sign in same if unseal(whole[:-1] + sign, SECRETS)] == [whole[-1]]
        others = {whole.replace("-", "+").replace("_", "/"), whole + "=" * (-len(whole) % 4)} - {whole}
        assert [other for other in others if unseal(other, SECRETS)] == []


SIGNS_IN_ORDER = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"


@pytest.mark.requirement("S0-25")
def test_a_hundred_thousand_texts_by_chance_open_nothing():
    chance = random.Random(1)
    length = len(token())
    for number in range(100_000):
        size = length if number % 2 else chance.randrange(1, 80)
        assert unseal("E" * (number % 3 > 0) + "".join(chance.choices(SIGNS, k=size)), SECRETS) is None


def test_bytes_that_the_key_did_not_seal_as_a_place_open_nothing():
    for inside in (b"", b"short", b"\0" * 8 + b"\xff", b"\0" * 8 + b"\x00{", b"\0" * 8 + b"\x80"):
        raw = bytes([0x11]) + ONE.encrypt(inside or b"\0", [bytes([0x11])])
        said = unseal(base64.urlsafe_b64encode(raw).rstrip(b"=").decode(), SECRETS)
        assert said is None or said.parameters in ({}, {"points": "126"})


@given(st.text())
def test_any_text_is_read_without_an_error(text):
    assert unseal(text, SECRETS) is None
    assert rules.cipher(text) is None


word = st.text(min_size=1, max_size=40).map(lambda text: " ".join(text.split())).filter(bool)


@given(
    st.dictionaries(word.filter(lambda key: key.lower() != "points"), word, max_size=8),
    st.none() | st.integers(1, scans.MOST_POINTS),
)
def test_parameters_come_back_as_they_were(others, points):
    said = others | ({"points": str(points)} if points else {})
    try:
        packed = pack(said)
    except UnicodeEncodeError:  # halves of characters are never stored
        return
    assert unpack(packed) == said
    assert unseal(token(parameters=said), SECRETS).parameters == said


def test_a_secret_is_read_only_as_it_was_written():
    secret = rules.new_secret()
    assert isinstance(rules.cipher(secret), AESSIV)
    for other in (secret[:-2], secret + "=", secret[:-3] + "_==", f"{secret[:9]}!{secret[9:]}", ""):
        assert rules.cipher(other) is None
    assert rules.fingerprint(secret) not in secret
    assert len({rules.fingerprint(base64.urlsafe_b64encode(os.urandom(64)).decode()) for _ in range(100)}) == 100
