"""Tokens and remote providers behind the signer's process: the web reaches them through the socket alone."""

import datetime as dt
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from app.gateways.signing import Authority, KeyUnavailable, PinHeld, WrongPin, check_detached, pinned_authorities
from app.gateways.signing.trouble import DeviceAbsent, PinBlocked, UntrueSignature
from tests.gateways.csc_server import Held, serving
from tests.gateways.signer_contract import issue, key_of
from tests.gateways.softhsm import Tokens
from tests.servers import ServerFailed, program
from tests.signer.process import SignerProcess

PIN = "240619"
FILE = """
[pkcs11.an]
module = "{module}"
token = "an"
label = "an"
[service.thu]
url = "{url}"
client_id = "ecabinet"
secret_file = "{secret}"
[csc.binh]
service = "thu"
credential = "binh"
"""


@pytest.fixture
def place(tmp_path):
    """A signer's process with a token and a provider; the token was furnished before it began."""
    with serving(2) as (provider, url):
        tokens, settings = Tokens(tmp_path), tmp_path / "providers.toml"
        process = SignerProcess(
            ECABINET_SIGNING_PROVIDERS=str(settings), SOFTHSM2_CONF=str(tokens.settings), ECABINET_DEMO="1"
        )
        (tmp_path / "secret").write_text(provider.secret)
        (tmp_path / "secret").chmod(0o600)
        settings.write_text(FILE.format(module=tokens.module, url=url, secret=tmp_path / "secret"))
        authority = Authority.load(process.var / "authority", (process.var / "installation.key").read_bytes())
        furnish(tokens, authority)
        key = key_of(False)
        provider.held["binh"] = Held(key, [issue(authority, "Bình", key), *authority.chain()], PIN)
        process.start()
        yield process, tokens, provider
        process.stop()


def furnish(tokens, authority):
    """In a process of its own: SoftHSM reads its settings once."""
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(tokens.settings)
    try:
        tokens.person("an", PIN, authority, "An", dt.datetime.now(dt.UTC))
    finally:
        os.environ.pop("SOFTHSM2_CONF")
        if before:
            os.environ["SOFTHSM2_CONF"] = before


def now():
    return dt.datetime.now(dt.UTC)


def test_the_process_signs_with_what_is_outside(place):
    process, _tokens, _provider = place
    client = process.client()
    for key_ref in ("pkcs11:an", "csc:binh"):
        der = client.certificate(key_ref)
        assert check_detached(client.sign(key_ref, PIN, b"x", now()), b"x", der)
        with pytest.raises(WrongPin):
            client.sign(key_ref, "917352", b"x", now())
        assert client.sign_document(key_ref, PIN, bytes(32))
    with pytest.raises(KeyUnavailable):
        client.sign("pkcs11:chi", PIN, b"x", now())
    assert PIN not in process.said()
    assert pinned_authorities(process.trusted)


def test_each_trouble_arrives_by_its_own_name(place):
    process, tokens, provider = place
    client = process.client()
    removed = tokens.remove("an")
    with pytest.raises(DeviceAbsent):
        client.sign("pkcs11:an", PIN, b"x", now())
    tokens.put_back(removed)
    assert client.sign("pkcs11:an", PIN, b"x", now())
    provider.spoil = lambda _handler, method, told: {"signatures": ["AAAA"]} if "signHash" in method else told
    with pytest.raises(UntrueSignature):
        client.sign("csc:binh", PIN, b"x", now())
    provider.held["binh"].wrong = 3
    with pytest.raises(PinBlocked):
        client.sign("csc:binh", PIN, b"x", now())


def test_the_process_counts_wrong_pins_of_tokens_too(place):
    process, _tokens, _provider = place
    client = process.client()
    for _ in range(10):
        with pytest.raises(WrongPin):
            client.sign("pkcs11:an", "917352", b"x", now())
    with pytest.raises(PinHeld):
        client.sign("pkcs11:an", PIN, b"x", now())


def test_owners_who_take_their_time_keep_nobody_else_waiting(place):
    """More waiting confirmations than cores: a token signs meanwhile."""
    process, _tokens, provider = place
    client = process.client()
    provider.held["binh"].confirms, provider.delay = True, 600.0
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(client.sign, "csc:binh", PIN, b"x", now()) for _ in range(8)]
        try:
            deadline = time.monotonic() + 50
            while len(provider.waiting) < 8 and time.monotonic() < deadline:
                time.sleep(0.02)
            assert len(provider.waiting) == 8
            assert client.sign("pkcs11:an", PIN, b"x", now())
            assert not any(each.done() for each in waiting)
        finally:
            provider.waiting.update({each: (*asked[:2], 0.0) for each, asked in provider.waiting.items()})
        assert all(each.result() for each in waiting)


def test_what_is_reached_is_shown_without_a_pin(place):
    process, tokens, _provider = place
    told = check(process)
    assert "pkcs11:an: An, until " in told
    assert "service thu: Nhà cung cấp thử, CSC 2.0.0.2, 1 keys" in told
    assert f"module {tokens.module}: tokens 'an'" in told
    tokens.remove("an")
    with pytest.raises(ServerFailed, match="1 of them cannot be used now"):
        check(process)


def check(process):
    import subprocess

    command = [sys.executable, "-m", "app.signer", "check"]
    done = subprocess.run(command, env=process._environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise ServerFailed(done.stderr)
    return done.stdout


def test_a_malformed_file_does_not_begin(place):
    process, tokens, _provider = place
    process.halt()
    settings = tokens.folder / "providers.toml"
    settings.write_text(settings.read_text() + "\n[hsm.x]\n")
    with pytest.raises(ServerFailed, match="ECABINET_SIGNING_PROVIDERS: hsm is no section"):
        process.run("--socket", str(process.socket))


def run(process, *arguments):
    import subprocess

    return subprocess.run(
        [sys.executable, "-m", "app.signer", *map(str, arguments)], env=process._environment(), capture_output=True,
        text=True, check=False,
    )  # fmt: skip


def tool(tokens, *arguments):
    """OpenSC's own tool, as an operator types it."""
    import subprocess

    command = [program("pkcs11-tool", "opensc"), "--module", tokens.module, "--token-label", "moi", *arguments]
    environment = {"PATH": os.environ["PATH"], "SOFTHSM2_CONF": str(tokens.settings)}
    subprocess.run(command, env=environment, check=True, capture_output=True)


@pytest.mark.parametrize("kind", ["EC:prime256v1", "rsa:2048"])
def test_a_token_is_furnished_with_the_commands_of_the_handbook(place, tmp_path, kind):
    """softhsm2-util, pkcs11-tool and `certify`; then the signer finds it, and it signs."""
    process, tokens, _provider = place
    tokens.make("moi", PIN)
    login = "--login", "--pin", PIN
    tool(tokens, *login, "--keypairgen", "--key-type", kind, "--label", "moi", "--id", "a1")
    tool(tokens, "--read-object", "--type", "pubkey", "--id", "a1", "--output-file", str(tmp_path / "moi.pub"))
    given = ("--holder", "Nguyễn Văn Mới", "--post", "Bộ trưởng", "--organisation", "Bộ Y tế", "--days", "365")
    files = ("--key", tmp_path / "moi.pub", "--out", tmp_path / "moi.der")
    answer = run(process, "certify", *files, *given)
    assert answer.returncode == 0, answer.stderr
    assert sha256((tmp_path / "moi.der").read_bytes()).hexdigest() in answer.stdout
    tool(tokens, *login, "--write-object", str(tmp_path / "moi.der"), "--type", "cert", "--label", "moi", "--id", "a1")
    settings = tmp_path / "providers.toml"
    section = f'\n[pkcs11.moi]\nmodule = "{tokens.module}"\ntoken = "moi"\nlabel = "moi"\nid = "a1"\n'
    settings.write_text(settings.read_text() + section)
    assert "pkcs11:moi: Nguyễn Văn Mới, until " in check(process)
    process.halt()
    process.start()
    client = process.client()
    der = client.certificate("pkcs11:moi")
    assert check_detached(client.sign("pkcs11:moi", PIN, b"x", now()), b"x", der)
    assert run(process, "certify", *files, *given).returncode == 1, "a file that is there is not written over"


BAD = [b"", b"no key", b"-----BEGIN PUBLIC KEY-----", b"\x30" * 70_000, "weak", "edwards"]


@pytest.mark.parametrize("content", BAD)
def test_nothing_but_a_good_public_key_is_certified(place, tmp_path, content):
    process, _tokens, _provider = place
    keys = {"weak": lambda: key_of(1024), "edwards": ed25519.Ed25519PrivateKey.generate}
    if isinstance(content, str):
        form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        content = keys[content]().public_key().public_bytes(*form)
    (tmp_path / "key").write_bytes(content)
    files = ("--key", tmp_path / "key", "--out", tmp_path / "out.der")
    answer = run(process, "certify", *files, "--holder", "An")
    assert (answer.returncode, "No certificate was written." in answer.stderr) == (1, True)
    assert "Traceback" not in answer.stderr
    assert not (tmp_path / "out.der").exists()
    assert run(process, "certify", *files).returncode == 1, "without a name"
