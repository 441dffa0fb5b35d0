"""Content names: what decides whether something is paid for again, frozen byte for byte."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchctl.words.digest import (
    ID_BYTES,
    canonical_json,
    canonical_string,
    custom_id,
    id_of,
    request_digest,
    request_id,
    request_prefix,
    shard_digest,
    text_digest,
)

IDENTITY = bytes(range(10))
HEX = "00010203040506070809"

#: endpoint, revision, key, body bytes, digest. Never change a line: each stands for answers that somebody paid for.
GOLDEN = [
    ("/v1/chat/completions", 1, None, b'{"messages":[{"content":"hi","role":"user"}],"model":"m"}',
     "8d9b53b928f852f62a2a1532ee6f5a744772e8e6be23b0611a0bf153cc50e147"),
    ("/v1/embeddings", 2, "row-7", '{"dimensions":12345678901234567890,"input":"Grüße, 世界 \u2028 \\"q\\" \x7f\\t",'
     '"model":"e"}'.encode(), "2cbeb53b87b00ae921f01610e6af72495743983d27aa4b125bad54d8434c08ba"),
    ("/v1/chat/completions", 1, "a/b c",
     b'{"model":"m","n":null,"seed":-0.0,"stream":false,"temperature":0.1,"top_p":1e-07}',
     "c36db90fed565df5c83eafe4a31c93119bf19e1e6234c9c7d1ee8f08c332d516"),
]


@pytest.mark.parametrize(("endpoint", "revision", "key", "body", "digest"), GOLDEN)
def test_g1_request_digests_never_change(
    endpoint: str, revision: int, key: str | None, body: bytes, digest: str
) -> None:
    assert request_digest(request_prefix(endpoint, revision), key, body).hex() == digest


def test_g1_the_digest_is_sha256_over_written_out_bytes() -> None:
    written = b'batchctl request 1\n["/v1/embeddings",3]\n"k"\n{}'
    assert request_digest(request_prefix("/v1/embeddings", 3), "k", b"{}") == hashlib.sha256(written).digest()


def test_g1_canonical_bytes_never_change() -> None:
    value = {"b": [1, 1.0, 0.1, 1e-07, 1e22, -0.0, 2**80], "a": {"ü": "\u2028\u007f\"\\/\b\n\x00"}, "A": [None, True]}
    assert canonical_json(value) == (
        '{"A":[null,true],"a":{"ü":"\u2028\u007f\\"\\\\/\\b\\n\\u0000"},'
        '"b":[1,1.0,0.1,1e-07,1e+22,-0.0,1208925819614629174706176]}').encode()


def test_g1_shard_digests_never_change_and_do_not_depend_on_the_pieces() -> None:
    digest = "f85434420bff6a8ea106ab8261fea08c7d5d3388b84ab019a13e4a7088a9a620"
    assert shard_digest([IDENTITY, bytes(10)]) == digest
    assert shard_digest([IDENTITY + bytes(10)]) == digest
    assert shard_digest([bytes(10), IDENTITY]) != digest


def test_text_digests_tell_their_parts_apart() -> None:
    assert text_digest(b"a", b"bc") == "sha256:3fafa1cf2f19a7c1129beb20cf0983f73a489a221fc0dd2f16d1be292d089205"
    assert len({text_digest(b"a", b"bc"), text_digest(b"ab", b"c"), text_digest(b"abc"), text_digest(b"abc", b"")}) == 4


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf"), {"a": [float("nan")]}, "\ud800"])
def test_what_has_no_canonical_form_is_refused(bad: object) -> None:
    with pytest.raises(ValueError, match=r"JSON|surrogates|codec"):
        canonical_json(bad)


@given(st.text(st.characters(codec="utf-8")))
def test_the_fast_encoder_of_strings_gives_the_canonical_bytes(text: str) -> None:
    assert canonical_string(text) == canonical_json(text)


def test_the_fast_encoder_of_strings_agrees_on_every_character() -> None:
    text = "".join(chr(at) for at in range(0x110000) if not 0xD800 <= at < 0xE000)
    assert canonical_string(text) == canonical_json(text)


def test_the_fast_encoder_refuses_lone_surrogates() -> None:
    with pytest.raises(TypeError):
        canonical_string("\ud800")


def test_no_key_and_any_key_ask_different_things() -> None:
    prefix = request_prefix("/v1/x", 1)
    digests = {request_digest(prefix, key, b"{}") for key in (None, "", "null", '"null"', "\n", "None")}
    assert len(digests) == 6


@pytest.mark.parametrize(("key", "expected"), [
    (None, HEX), ("", HEX), ("row-7", f"row-7-{HEX}"), ("a/b c", f"a_b_c-{HEX}"), ("é", f"_-{HEX}"),
    ("../../etc/passwd", f"_etc_passwd-{HEX}"), ("x" * 200, "x" * 43 + f"-{HEX}"), ("a\n\x1b[0m", f"a_0m-{HEX}"),
])
def test_custom_ids_are_the_key_made_safe_and_the_digest(key: str | None, expected: str) -> None:
    assert custom_id(key, IDENTITY) == expected


@given(st.none() | st.text(st.characters()), st.binary(min_size=ID_BYTES, max_size=ID_BYTES))
def test_g1_a_custom_id_is_valid_everywhere_and_says_which_request_it_answers(key: str | None, identity: bytes) -> None:
    made = custom_id(key, identity)
    assert len(made) <= 64
    assert all(letter.isascii() and (letter.isalnum() or letter in "_-") for letter in made)
    assert id_of(made) == identity


@pytest.mark.parametrize("custom", [
    None, 7, "", "row-7", HEX[:-1], HEX + "0", f"a{HEX}", f"row_{HEX}", HEX.upper().replace("0", "A"), f"{HEX}\n",
    "x" * 44 + f"-{HEX}", ["a"], {"a": 1}, f"{HEX}-x",
])
def test_what_batchctl_cannot_have_written_carries_no_id(custom: object) -> None:
    assert id_of(custom) is None


def test_the_request_id_is_the_head_of_the_digest() -> None:
    assert request_id(bytes(range(32))) == IDENTITY
