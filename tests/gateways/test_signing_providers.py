"""The file that names tokens and providers is read strictly, and says what is wrong in it."""

import pytest

from app.gateways.signing import KeysElsewhere, KeyUnavailable
from app.gateways.signing.choice import SignerByKey
from app.gateways.signing.providers import BadProviders, Providers, read_providers
from tests.gateways.softhsm import module

GOOD = """
[pkcs11.an]
module = "{module}"
token = "AN"
label = "an"
id = "a1"

[service.vnca]
url = "https://rssp.example.vn/csc/v1/"
version = 1
token_file = "{token}"
wait = 30

[csc.binh]
service = "vnca"
credential = "4f1c"
confirm = "app"
"""


@pytest.fixture
def read(tmp_path):
    (tmp_path / "token").write_text("secret-token")
    (tmp_path / "token").chmod(0o600)

    def reading(*changes, loopback=False):
        text = GOOD.format(module=module(), token=tmp_path / "token")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "providers.toml").write_text(text)
        return read_providers(str(tmp_path / "providers.toml"), loopback)

    return reading


def test_a_good_file_names_its_keys(read):
    found = read()
    assert found.references == ["pkcs11:an", "csc:binh"]
    device, remote = found.devices["an"], found.credentials["binh"]
    assert (device.token, device.label, device.id) == ("AN", "an", b"\xa1")
    assert (remote.service.url, remote.service.version) == ("https://rssp.example.vn/csc/v1", 1)
    assert (remote.credential, remote.confirm, remote.service.wait) == ("4f1c", "app", 30.0)


def test_without_a_file_our_own_signer_is_alone(tmp_path):
    own = KeysElsewhere()
    assert read_providers("") == Providers()
    assert Providers().around(own, tuple, tmp_path) is own


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('token = "AN"', "", "pkcs11.an.token is missing"),
        ('token = "AN"', "token = 7", "pkcs11.an.token is missing or is no text"),
        ('token = "AN"', 'token = "AN"\nslot = 1', "pkcs11.an.slot is not known"),
        ('label = "an"\nid = "a1"', "", "neither label nor id"),
        ('id = "a1"', 'id = "xyz"', "not hexadecimal"),
        ("[pkcs11.an]", "[pkcs11.An]", "is no name"),
        ("[pkcs11.an]", '[pkcs11."a/../b"]', "is no name"),
        ("[pkcs11.an]", "[hsm.an]", "hsm is no section"),
        ("[pkcs11.an]", "pkcs11 = 3\n[service.x]", "pkcs11 is no section"),
        ('url = "https://', 'url = "http://', "no address that begins with https"),
        ('url = "https://', 'url = "https://a:b@', "no address"),
        ("/csc/v1/", "/csc/v1/?x=1", "no address"),
        ("version = 1", "version = 3", "from 1 to 2"),
        ("version = 1", "version = true", "from 1 to 2"),
        ("wait = 30", "wait = 600", "from 5 to 40"),
        ("token_file = ", 'client_id = "a"\ntoken_file = ', "either token_file, or client_id"),
        ("token_file = ", "secret_file = ", "either token_file, or client_id"),
        ('service = "vnca"', 'service = "other"', "names no service"),
        ('confirm = "app"', 'confirm = "sms"', "none of pin, otp, app"),
        ('credential = "4f1c"', 'credential = " "', "csc.binh.credential is missing"),
        ("[service.vnca]", "[service.vnca", "no TOML"),
        ("[csc.binh]", '[pkcs11.binh]\nmodule = "/no/such.so"\ntoken = "B"\nlabel = "b"\n[csc.binh]', "absolute path"),
    ],
)
def test_what_is_wrong_is_named(read, old, new, said):
    with pytest.raises(BadProviders, match=said) as refused:
        read((old, new))
    assert "secret-token" not in str(refused.value)


def test_two_people_do_not_share_a_token(read):
    other = f'[pkcs11.chi]\nmodule = "{module()}"\ntoken = "AN"\nlabel = "chi"\n[csc.binh]'
    with pytest.raises(BadProviders, match="shares its token"):
        read(("[csc.binh]", other))


def test_a_secret_that_others_can_read_is_refused(read, tmp_path):
    read()
    (tmp_path / "token").chmod(0o640)
    with pytest.raises(BadProviders, match="open to other accounts"):
        read()


def test_this_machine_itself_is_an_address_for_tests_only(read):
    here = ("https://rssp.example.vn", "http://127.0.0.1:1")
    assert read(here, loopback=True).services[0].loopback
    with pytest.raises(BadProviders):
        read(here)
    with pytest.raises(BadProviders):
        read(("https://rssp", "http://rssp"), loopback=True)
    assert not read(loopback=True).services[0].loopback


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(BadProviders, match="cannot be read"):
        read_providers(str(tmp_path / "none.toml"))
    (tmp_path / "odd.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadProviders, match="no TOML"):
        read_providers(str(tmp_path / "odd.toml"))


def test_a_key_is_asked_where_its_reference_says(read, tmp_path):
    class Own:
        label = ""

        def certificate(self, key_ref):
            return key_ref.encode()

    signer = read().around(Own(), tuple, tmp_path / "ended")
    assert isinstance(signer, SignerByKey)
    assert signer.certificate("0" * 32) == b"0" * 32
    for unknown in ("hsm:an", "pkcs11:chi", "csc:an", "software:an", ":"):
        for act in (signer.certificate, signer.require, signer.destroy):
            with pytest.raises(KeyUnavailable):
                act(unknown)
    for known in ("pkcs11:an", "csc:binh", "0" * 32):
        signer.require(known)
