"""Notes, keys and cosignatures: published examples, openssl, and everything that is none."""

import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.gateways.witness import notes
from app.gateways.witness.notes import COSIGNER, LOG, Key, Malformed, Note
from app.witness.growth import only_grew
from app.workflows.rules import merkle
from tests.servers import program
from tests.witness.twin import NAME, Log

NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"  # golang.org/x/mod/sumdb/note
SAID = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNED = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="


def test_the_published_key_and_signature_are_read():
    key = Key.parse(NEUMANN, LOG)
    data = notes.decoded(SIGNED, 4 + 64)
    assert (key.name, key.id, str(key)) == ("PeterNeumann", data[:4], NEUMANN)
    assert key.verifies(data[4:], SAID.encode())
    assert not key.verifies(data[4:], SAID.encode() + b" ")


def test_openssl_agrees_about_a_cosignature(tmp_path):
    private = Ed25519PrivateKey.generate()
    key = Key(NAME, COSIGNER, private.public_key().public_bytes_raw())
    note = Note.parse(Log().grow(3).note())
    line = notes.cosignature(private, key, note.text, 1_700_000_000)
    whole = note.extended(line)
    assert whole.cosigned_at(key) == 1_700_000_000
    data = whole.signatures[-1].data
    (tmp_path / "key").write_bytes(private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    (tmp_path / "said").write_bytes(f"cosignature/v1\ntime 1700000000\n{note.text}".encode())
    (tmp_path / "signature").write_bytes(data[8:])
    judged = subprocess.run(
        [program("openssl", "openssl"), "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key", "-rawin",
         "-in", "said", "-sigfile", "signature"], cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (judged.returncode, judged.stdout) == (0, "Signature Verified Successfully\n")


def test_a_cosignature_of_another_text_time_or_key_does_not_count():
    private, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    key = Key(NAME, COSIGNER, private.public_key().public_bytes_raw())
    note = Note.parse(Log().grow(3).note())
    assert note.cosigned_at(key) is None
    assert note.extended(notes.cosignature(private, key, note.text + "more\n", 5)).cosigned_at(key) is None
    assert note.extended(notes.cosignature(other, key, note.text, 5)).cosigned_at(key) is None
    line = notes.cosignature(private, key, note.text, 5)
    signed = note.extended(line)
    later = notes.encoded(key.id + (6).to_bytes(8, "big") + signed.signatures[-1].data[8:])
    assert signed.cosigned_at(key) == 5
    assert note.extended(f"— {NAME} {later}\n".encode()).cosigned_at(key) is None


LOG_NOTE = Log().grow(3).note()


@pytest.mark.parametrize("spoil", [
    lambda note: note[:-1],
    lambda note: note.replace(b"\n\n", b"\n"),
    lambda note: note.replace(b"\n3\n", b"\n03\n"),
    lambda note: note.replace(b"\n3\n", b"\n-3\n"),
    lambda note: note.replace(b"\n3\n", b"\n\xd9\xa3\n"),
    lambda note: note.replace(b"\n3\n", b"\n" + b"9" * 19 + b"\n"),
    lambda note: note.replace(b"=\n\n", b"\n\n"),
    lambda note: note.replace(b"\n", b"\r\n"),
    lambda note: note.replace("—".encode(), b"-"),
    lambda note: note + b"more\n",
    lambda note: b"\xff" + note,
    lambda note: b"\n" + note,
    lambda note: note.partition(b"\n")[2],
    lambda note: note + note.rpartition(b"\n\n")[2] * 40,
    lambda note: b"a" * 20000 + note,
    lambda _note: b"",
])  # fmt: skip
def test_what_is_no_note_is_refused(spoil):
    assert Note.parse(LOG_NOTE).checkpoint.size == 3
    with pytest.raises(Malformed):
        Note.parse(spoil(LOG_NOTE))


@pytest.mark.parametrize("vkey", [
    "", "a+b", NEUMANN.replace("c74f20a3", "c74f20a4"), NEUMANN.replace("Peter", "Peter "), NEUMANN[:-4],
    NEUMANN.replace("ARpc", "BBpc"), NEUMANN.replace("PeterNeumann", ""), f"{NEUMANN}\n{NEUMANN}",
])  # fmt: skip
def test_what_is_no_key_is_refused(vkey):
    with pytest.raises(Malformed):
        Key.parse(vkey, LOG)


def test_both_codes_agree_on_what_only_grew():
    """The witness's own reading of RFC 9162 beside that of the log, for each pair of sizes and for spoiled proofs."""
    leaves = [merkle.leaf_hash(bytes([number])) for number in range(40)]
    for size in range(1, len(leaves) + 1):
        root = merkle.root(leaves[:size])
        for old in range(1, size + 1):
            before, proof = merkle.root(leaves[:old]), merkle.consistency_proof(old, leaves[:size])
            assert only_grew(old, before, size, root, proof)
            spoiled = [[*proof, root], proof[:-1], proof[::-1], [bytes(32), *proof[1:]]]
            for wrong in (each for each in spoiled if each != proof):
                assert not only_grew(old, before, size, root, wrong)
                assert not merkle.verify_consistency(old, before, size, root, wrong)
            if old < size:
                assert not only_grew(old, root, size, root, proof)
                assert not only_grew(size, root, old, before, proof)
    assert only_grew(0, b"", 5, merkle.root(leaves[:5]), [])
    assert not only_grew(0, b"", 5, merkle.root(leaves[:5]), [bytes(32)])
    assert not only_grew(0, b"", 0, bytes(32), [])
