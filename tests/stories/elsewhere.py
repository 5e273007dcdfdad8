"""An installation on PostgreSQL whose signer reaches tokens and a remote provider, and whose keys are there."""

import datetime as dt
import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from app.demo.presets import G2025_10
from app.gateways.signing import Authority
from tests.gateways import csc_server, softhsm
from tests.gateways.signer_contract import issue, key_of
from tests.servers import PostgresServer
from tests.signer.process import SignerProcess
from tests.stories.person import Person
from tests.web import Web

DATABASE = "elsewhere"
DAY = dt.timedelta(days=1)
HEAD, AT_PROVIDER, AT_TOKEN, IN_APPLICATION, HERE = "thutuong", "tv02", "tv03", "tv04", "tv05"
TOKEN_PIN, PROVIDER_PIN = "Token-2026", "86420135"
TOKENS = {HEAD: False, AT_TOKEN: True, "seal": True}  # RSA or P-256
CREDENTIALS = {AT_PROVIDER: "pin", IN_APPLICATION: "app"}
SECTION = """
[pkcs11.{name}]
module = "{module}"
token = "{name}"
label = "{name}"
"""
SERVICE = """
[service.thu]
url = "{url}"
client_id = "ecabinet"
secret_file = "{secret}"
wait = 40
"""
CREDENTIAL = """
[csc.{name}]
service = "thu"
credential = "{name}"
confirm = "{confirm}"
"""


class Elsewhere:
    """Web process, signer, tokens and provider; `stop` ends the first two."""

    def __init__(
        self, server: PostgresServer, tokens: softhsm.Tokens, provider: csc_server.Provider, url: str, folder: Path
    ) -> None:
        self.server, self.tokens, self.provider = server, tokens, provider
        now, settings = dt.datetime.now(dt.UTC), folder / "providers.toml"
        self.signer = SignerProcess(
            now - 2 * DAY, ECABINET_SIGNING_PROVIDERS=str(settings), SOFTHSM2_CONF=str(tokens.settings)
        )
        var = self.signer.var
        authority = Authority.load(var / "authority", (var / "installation.key").read_bytes())
        settings.write_text(self._furnish(authority, url, folder, now - DAY))
        self.signer.start()
        names = {"ECABINET_SIGNER": str(self.signer.socket), "ECABINET_APP_ROLE": "ecab_app"}
        self.web = Web(ECABINET_DATABASE=server.url(DATABASE), **names)
        known = {name: (f"pkcs11:{name}", TOKEN_PIN) for name in TOKENS}
        known |= {name: (f"csc:{name}", PROVIDER_PIN) for name in CREDENTIALS}
        owner = server.url(DATABASE, "ecab_owner")
        self.web.make("elsewhere", ECABINET_DATABASE=owner, ECABINET_TEST_KEYS=json.dumps(known))
        for held in self.provider.held.values():
            held.confirms = True if held.confirms is not None else None
        self.web.start()

    def _furnish(self, authority: Authority, url: str, folder: Path, since: dt.datetime) -> str:
        """Every token and credential with its certificate; what the signer is told of them."""
        names = {figure.handle: figure.name for figure in G2025_10.government.figures} | {"seal": "Chính phủ"}
        secret = folder / "secret"
        secret.write_text(self.provider.secret)
        secret.chmod(0o600)
        said = SERVICE.format(url=url, secret=secret)
        for name, rsa in TOKENS.items():
            self.tokens.person(name, TOKEN_PIN, authority, names[name], since, rsa)
            said += SECTION.format(name=name, module=self.tokens.module)
        for name, confirm in CREDENTIALS.items():
            key = key_of(confirm == "pin")
            chain = [issue(authority, names[name], key, since), *authority.chain()]
            confirms = True if confirm == "app" else None
            self.provider.held[name] = csc_server.Held(key, chain, PROVIDER_PIN, confirms)
            said += CREDENTIAL.format(name=name, confirm=confirm)
        return said

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.server.connect(DATABASE) as connection:
            return connection.execute(query).fetchall()

    @contextmanager
    def removed(self, name: str) -> Iterator[None]:
        """The token is out."""
        out = self.tokens.remove(name)
        yield
        self.tokens.put_back(out)

    @contextmanager
    def answering(self, spoil: Callable[..., Any], name: str, **held: Any) -> Iterator[None]:
        """The provider answers otherwise, and holds a key in another state."""
        before = {each: getattr(self.provider.held[name], each) for each in held}
        self.provider.spoil = spoil
        for each, value in held.items():
            setattr(self.provider.held[name], each, value)
        yield
        self.provider.spoil = None
        for each, value in before.items():
            setattr(self.provider.held[name], each, value)

    @contextmanager
    def hesitating(self) -> Iterator[None]:
        """The owner is asked in the application, and confirms at the end."""
        self.provider.delay = math.inf
        yield
        until(lambda: any(at == math.inf for _name, _digests, at in self.provider.waiting.values()))
        self.provider.delay = 0.0
        for handle, (name, digests, _at) in list(self.provider.waiting.items()):
            self.provider.waiting[handle] = (name, digests, 0.0)

    def stop(self) -> None:
        self.web.stop()
        self.signer.stop()


@contextmanager
def elsewhere(server: PostgresServer, folder: Path) -> Iterator[Elsewhere]:
    server.create_database(DATABASE)
    with ExitStack() as shelves:
        provider, url = shelves.enter_context(csc_server.serving(2))
        tokens = shelves.enter_context(softhsm.shelf(folder))
        made = Elsewhere(server, tokens, provider, url, folder)
        try:
            yield made
        finally:
            made.stop()
            server.drop_database(DATABASE)


def as_it_is(_handler: csc_server.Handler, _method: str, told: Any) -> Any:
    return told


def hangs_up(handler: csc_server.Handler, method: str, told: Any) -> Any:
    """No answer to the question for the owner's leave."""
    if method != "credentials/authorize":
        return told
    handler.close_connection = True
    return None


def until(done: Callable[[], bool]) -> None:
    """Wait for what a browser does not show."""
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def focus_in_sheet(person: Person) -> bool:
    """Whether whoever types goes on in the open sheet."""
    return bool(person.page.evaluate("document.activeElement?.matches('dialog[open] input[name=pin]')"))
