"""Keys: files, sealing, indexes and link tokens."""

from __future__ import annotations

import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.refusal import Refused
from engage.vault import PURPOSES, TOKEN_ALPHABET, TOKEN_LENGTH, KeyFile, Vault, is_token_shaped, keyed


def vault(seed: int = 1) -> Vault:
    return Vault({purpose: {1: bytes([seed, n]) * 16} for n, purpose in enumerate(PURPOSES)})


V = vault()


@given(st.text(max_size=200).filter(lambda t: not any(0xD800 <= ord(c) < 0xE000 for c in t)), st.text(alphabet="abc:0123456789", max_size=30))
def test_what_is_sealed_opens_in_its_own_place_only(text, context):
    blob = V.encrypt(text, context)
    assert V.decrypt(blob, context) == text
    with pytest.raises(Refused, match="keys_do_not_fit"):
        V.decrypt(blob, context + "x")


@given(st.integers(0, 60))
def test_one_changed_byte_is_noticed(position):
    blob = bytearray(V.encrypt("+989121234567 و چند نویسهٔ دیگر", "phone_identity:7"))
    blob[position % len(blob)] ^= 1
    with pytest.raises(Refused, match="keys_do_not_fit"):
        V.decrypt(bytes(blob), "phone_identity:7")


def test_sealing_twice_gives_two_blobs_and_an_old_key_still_opens():
    assert V.encrypt("x", "c") != V.encrypt("x", "c")
    rotated = Vault({p: {1: bytes([1, n]) * 16, 2: bytes([9, n]) * 16} for n, p in enumerate(PURPOSES)})
    assert rotated.decrypt(V.encrypt("x", "c"), "c") == "x"
    with pytest.raises(Refused, match="keys_do_not_fit"):
        V.decrypt(rotated.encrypt("x", "c"), "c")


def test_indexes_are_keyed_and_differ_by_purpose():
    assert V.blind_index("+989121234567") == vault().blind_index("+989121234567")
    assert V.blind_index("+989121234567") != vault(2).blind_index("+989121234567")
    assert V.blind_index("+989121234567") != V.suppression_hash("+989121234567")


@given(st.integers(0, 2**63 - 1))
def test_a_token_has_eleven_letters_nobody_confuses_and_is_derived(invitation_id):
    token = V.link_token(invitation_id)
    assert len(token) == TOKEN_LENGTH
    assert is_token_shaped(token)
    assert not set("01IOl") & set(token)
    assert token == vault().link_token(invitation_id)
    assert token != vault(2).link_token(invitation_id)


@given(st.integers(0, 2**64 - 1))
def test_the_eleven_letters_hold_all_64_bits(number):
    """Base 57 to the eleventh exceeds 2^64, so that no two numbers share a spelling; pairs spell as single letters do."""
    letters, rest = [], number
    for _ in range(TOKEN_LENGTH):
        rest, digit = divmod(rest, 57)
        letters.append(TOKEN_ALPHABET[digit])
    assert rest == 0
    assert sum(TOKEN_ALPHABET.index(letter) * 57**place for place, letter in enumerate(letters)) == number


def test_a_known_token_never_changes():
    """Links live in people's phones: a change of the derivation would kill all of them."""
    assert [V.link_token(n) for n in (1, 2, 2**40)] == ["AnWe2YQGYgE", "LjREftGyFTR", "V3eBoR2PvUM"]


def test_digests_are_looked_up_by_every_version():
    rotated = Vault({p: {1: bytes([1, n]) * 16, 2: bytes([9, n]) * 16} for n, p in enumerate(PURPOSES)})
    token = V.link_token(5)
    assert rotated.token_digests(token)[1] == V.token_digest(token)
    assert len(rotated.token_digests(token)) == 2


def test_the_key_file_is_private_kept_and_checked(tmp_path):
    path = tmp_path / "keys" / "keys.json"
    with pytest.raises(Refused, match="keys_missing"):
        Vault.load(path)
    made = Vault.load_or_create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert Vault.load_or_create(path).fingerprints() == made.fingerprints()
    assert Vault.create(path).fingerprints() == made.fingerprints()
    path.chmod(0o644)
    with pytest.raises(Refused, match="keys_exposed"):
        Vault.load(path)
    path.chmod(0o600)
    stored = json.loads(path.read_text())
    for damage in ("", "{}", '{"keys": {"encryption": {"1": "AAAA"}}}', path.read_text()[:40]):
        path.write_text(damage)
        with pytest.raises(Refused, match="keys_"):
            Vault.load(path)
    del stored["keys"]["ledger"]
    path.write_text(json.dumps(stored))
    with pytest.raises(Refused, match="keys_incomplete"):
        Vault.load(path)


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "keys").write_text("a file where the folder should be")
    with pytest.raises(Refused, match="keys_un"):
        Vault.create(tmp_path / "keys" / "keys.json")


def test_neither_repr_nor_fingerprint_shows_a_key():
    shown = repr(V) + json.dumps(V.fingerprints())
    for n in range(len(PURPOSES)):
        assert (bytes([1, n]) * 16).hex() not in shown


def versions(**counts: int) -> dict[str, dict[int, bytes]]:
    return {p: {v: bytes([v, n]) * 16 for v in range(1, counts.get(p, 1) + 1)} for n, p in enumerate(PURPOSES)}


@given(st.integers(1, 6))
def test_an_opt_out_wrapped_step_by_step_is_the_one_hashed_at_once(rotations):
    """Numbers of erased people are gone: only what is stored can be wrapped, and must meet what is computed from the number."""
    stored = Vault(versions()).suppression_hash("+989121234567")
    for version in range(2, rotations + 1):
        held = Vault(versions(suppression=version))
        stored = held.wrap_suppression(stored, version)
        assert stored == held.suppression_hash("+989121234567") == held.suppression_hashes("+989121234567")[-1]
    assert len(set(Vault(versions(suppression=rotations)).suppression_hashes("+989121234567"))) == rotations


def test_another_version_may_write_until_the_tables_have_followed():
    newest = Vault(versions(index=2, suppression=2, links=2, encryption=2))
    older = newest.writing_with(index=1, suppression=1)
    assert older.blind_index("+989121234567") == V1.blind_index("+989121234567") != newest.blind_index("+989121234567")
    assert older.suppression_hash("+989121234567") == V1.suppression_hash("+989121234567")
    assert set(older.blind_indexes("+989121234567")) == {newest.blind_index("+989121234567"), V1.blind_index("+989121234567")}
    assert newest.writing_with(index=2) is newest
    with pytest.raises(Refused, match="keys_old"):
        newest.writing_with(index=3)


V1 = Vault(versions())


def test_a_new_key_is_stored_whole_and_does_not_write_yet(tmp_path):
    path = tmp_path / "keys.json"
    first = Vault.create(path)
    grown = first.with_new_key("encryption", 2)
    grown.store(path)
    read = Vault.load(path)
    assert (read.versions("encryption"), read.writing("encryption")) == ((1, 2), 1)
    assert read.fingerprints() == grown.fingerprints()
    assert path.stat().st_mode & 0o777 == 0o600
    blob = read.encrypt("x", "c")
    flipped = read.with_writing("encryption", 2)
    flipped.store(path)
    read = Vault.load(path)
    assert read.writing("encryption") == 2
    assert read.decrypt(blob, "c") == "x"
    read.without_keys("encryption", [1, 2]).store(path)
    assert Vault.load(path).versions("encryption") == (2,)
    assert [each.name for each in tmp_path.iterdir()] == ["keys.json"]


def test_a_changed_file_is_taken_unless_it_is_older_or_foreign(tmp_path):
    path = tmp_path / "keys.json"
    first = Vault.create(path)
    old = path.read_bytes()
    file = KeyFile(path)
    assert file.read(first) is first
    first.with_new_key("links", 2).store(path)
    second = file.read(first)
    assert second.versions("links") == (1, 2)
    assert file.read(second) is second
    path.write_bytes(old)
    assert file.read(second) is second
    Vault.create(tmp_path / "other.json").with_new_key("links", 2).store(path)
    assert file.read(second) is second
    path.unlink()
    assert file.read(second) is second


@given(st.binary(max_size=64), st.binary(max_size=300))
def test_a_key_hashed_once_gives_the_same_mac_as_rfc_2104(key, content):
    mac = keyed(key)
    assert mac(content) == hmac.digest(key, content, "sha256") == mac(content)


def test_a_mac_takes_no_key_of_more_than_a_block():
    with pytest.raises(ValueError, match="block"):
        keyed(bytes(65))


def test_indexes_and_links_are_macs_under_the_keys_that_write():
    keys = {p: {1: bytes([1, n]) * 16, 2: bytes([9, n]) * 16} for n, p in enumerate(PURPOSES)}
    both, phone = Vault(keys), "+989121234567"

    def mac(purpose: str, version: int, content: bytes) -> bytes:
        return hmac.digest(keys[purpose][version], content, "sha256")

    assert both.blind_index(phone) == mac("index", 2, phone.encode())
    assert both.suppression_hash(phone) == mac("suppression", 2, mac("suppression", 1, phone.encode()))
    assert both.ledger_mac(b"before", b"line") == mac("ledger", 2, b"beforeline")
    older = both.writing_with(index=1, suppression=1)
    assert older.blind_index(phone) == mac("index", 1, phone.encode())
    assert older.suppression_hash(phone) == mac("suppression", 1, phone.encode())


def test_many_values_are_sealed_as_one_is_each_with_a_nonce_of_its_own():
    encrypt = V.encrypts()
    blobs = [encrypt("+989121234567", f"phone_identity:{n}") for n in range(1_500)]
    assert all(V.decrypt(blob, f"phone_identity:{n}") == "+989121234567" for n, blob in enumerate(blobs))
    assert len({blob[1:13] for blob in blobs}) == len(blobs)
    with pytest.raises(Refused, match="keys_do_not_fit"):
        V.decrypt(blobs[0], "phone_identity:1")
