"""Notes, checkpoints and cosignatures, against published examples and against openssl."""

import base64
import subprocess

import pytest

from app.workflows.rules.checkpoint import (
    COSIGNATURE,
    ED25519,
    Checkpoint,
    Note,
    Signature,
    SigningKey,
    VerifierKey,
    cosign,
    cosigned_at,
    open_checkpoint,
    sign_checkpoint,
    with_cosignatures,
)

VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"  # example of the Go checksum database
PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
NOTE = TEXT + (
    "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
LOG = SigningKey("ecabinet.example/log", ED25519, bytes(range(32)))
WITNESS = SigningKey("witness.example/w1", COSIGNATURE, bytes(range(32, 64)))
HEAD = Checkpoint(LOG.name, 20852163, bytes(range(32)))


def test_the_published_key_and_note_are_read_signed_and_believed():
    key, private = VerifierKey.parse(VKEY), SigningKey.parse(PRIVATE)
    assert str(key) == VKEY == str(private.verifier)
    assert str(private) == PRIVATE
    assert Note.parse(NOTE).signed_by(key)
    assert str(Note.parse(NOTE)) == NOTE
    assert Signature(key.name, key.id, private.sign(TEXT.encode())).line == NOTE.rpartition("\n\n")[2]


@pytest.mark.parametrize("spoilt", [VKEY[: at] + VKEY[at + 1 :] for at in range(0, len(VKEY), 3)]
                         + ["", "a+b", VKEY + "A", VKEY.replace("+c7", "+C7"), "a b+00000000+AA=="])  # fmt: skip
def test_a_damaged_key_is_none(spoilt):
    with pytest.raises(ValueError, match=r"key|base64|name"):
        VerifierKey.parse(spoilt)


@pytest.mark.parametrize("spoilt", ["", PRIVATE[:-4], PRIVATE.replace("c74f", "c74e"), VKEY, PRIVATE + "AAAA"])
def test_a_damaged_private_key_is_none_and_is_not_repeated(spoilt):
    with pytest.raises(ValueError, match=r"key|base64") as refused:
        SigningKey.parse(spoilt)
    assert PRIVATE[-20:] not in str(refused.value)
    assert PRIVATE[-20:] not in repr(SigningKey.parse(PRIVATE))


def test_a_checkpoint_says_origin_size_and_root():
    root = base64.b64encode(bytes(range(32))).decode()
    assert str(HEAD) == f"ecabinet.example/log\n20852163\n{root}\n"
    assert Checkpoint.parse(str(HEAD)) == HEAD
    assert Checkpoint.parse(f"{HEAD}an extension\n") == HEAD
    assert HEAD.code == "AAAQ-EAYE-AUDA-OCAJ"


@pytest.mark.parametrize("text", [
    "", "a\n1\n", str(HEAD)[:-1], str(HEAD).replace("20852163", "020"), str(HEAD).replace("20852163", "-1"),
    str(HEAD).replace("20852163", "9" * 30), f"{HEAD}\n", f"a\n\n{HEAD}", str(HEAD).replace("=", ""),
    "a\n1\nAAAA\n", str(HEAD).replace("20852163", "٣"),
])  # fmt: skip
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(ValueError, match=r"checkpoint|size|base64"):
        Checkpoint.parse(text)


def test_a_signed_checkpoint_is_opened_with_the_key_of_its_log_only():
    note = str(sign_checkpoint(LOG, HEAD))
    assert open_checkpoint(note, LOG.verifier) == HEAD
    others = SigningKey(LOG.name, ED25519, bytes(32))
    with pytest.raises(ValueError, match="signature of its log"):
        open_checkpoint(note, others.verifier)
    with pytest.raises(ValueError, match="signature of its log"):
        open_checkpoint(note.replace("20852163", "20852164"), LOG.verifier)
    with pytest.raises(ValueError, match="own checkpoints"):
        sign_checkpoint(LOG, Checkpoint("another", 1, bytes(32)))
    with pytest.raises(ValueError, match="own checkpoints"):
        sign_checkpoint(WITNESS, Checkpoint(WITNESS.name, 1, bytes(32)))
    foreign = str(Checkpoint("another", 1, bytes(32)))
    line = Signature(LOG.name, LOG.verifier.id, LOG.sign(foreign.encode()))
    with pytest.raises(ValueError, match="another log"):
        open_checkpoint(str(Note(foreign, (line,))), LOG.verifier)


@pytest.mark.parametrize("note", [
    "", TEXT, TEXT + "\n", NOTE[:-1], NOTE.replace("— ", "- "), NOTE.replace("x08g", "x08"), NOTE + "\n",
    NOTE.replace("you", "y\x07u"), NOTE.replace("PeterNeumann ", "Peter+Neumann "), NOTE + "— a\n",
    TEXT + "\n" + NOTE.rpartition("\n\n")[2] * 101, "a" * 70_000 + NOTE,
])  # fmt: skip
def test_what_is_no_note_is_refused(note):
    with pytest.raises(ValueError, match=r"note|signature|base64"):
        Note.parse(note)


def test_the_first_line_of_a_key_decides():
    wrong = Signature("PeterNeumann", VerifierKey.parse(VKEY).id, bytes(64))
    right = Note.parse(NOTE).signatures[0]
    assert not Note(TEXT, (wrong, right)).signed_by(VerifierKey.parse(VKEY))
    assert Note(TEXT, (Signature("another", b"1234", bytes(64)), right)).signed_by(VerifierKey.parse(VKEY))


def test_a_cosignature_names_its_time_and_holds_for_this_checkpoint_alone():
    note = str(sign_checkpoint(LOG, HEAD))
    line = cosign(WITNESS, str(HEAD), 1679315147)
    assert cosigned_at(line, str(HEAD), WITNESS.verifier) == 1679315147
    both = with_cosignatures(note, [line.line])
    assert open_checkpoint(both, LOG.verifier) == HEAD
    assert Note.parse(both).signed_by(WITNESS.verifier)
    moved = Signature(line.name, line.key_id, (1679315148).to_bytes(8, "big") + line.content[8:])
    other = str(Checkpoint(HEAD.origin, HEAD.size + 1, HEAD.root))
    for signature, text in ((moved, str(HEAD)), (line, other)):
        with pytest.raises(ValueError, match="does not hold"):
            cosigned_at(signature, text, WITNESS.verifier)
    with pytest.raises(ValueError, match="not of this witness"):
        cosigned_at(line, str(HEAD), LOG.verifier)
    with pytest.raises(ValueError, match="not made for cosignatures"):
        cosign(LOG, str(HEAD), 1)


def test_openssl_agrees_on_what_exactly_is_signed(tmp_path):
    """The key in the form of RFC 8410, the text of the note and the cosigned message as they stand in the documents."""
    def verify(key, message, signature):
        (tmp_path / "key").write_bytes(bytes.fromhex("302a300506032b6570032100") + key.verifier.public)
        (tmp_path / "message").write_bytes(message)
        (tmp_path / "signature").write_bytes(signature)
        return subprocess.run(
            ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", tmp_path / "key",
             "-in", tmp_path / "message", "-sigfile", tmp_path / "signature"],
            capture_output=True, check=False,
        ).returncode == 0  # fmt: skip

    text = str(HEAD)
    assert verify(LOG, text.encode(), sign_checkpoint(LOG, HEAD).signatures[0].content)
    message = f"cosignature/v1\ntime 1679315147\n{text}".encode()
    assert verify(WITNESS, message, cosign(WITNESS, text, 1679315147).content[8:])
    assert not verify(WITNESS, text.encode(), cosign(WITNESS, text, 1679315147).content[8:])
