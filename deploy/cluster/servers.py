"""The servers that a production stands on, from Debian's programs, with the settings that `deploy/` gives them."""

import contextlib
import datetime as dt
import ipaddress
import os
import random
import secrets
import shutil
import socket
import ssl
from pathlib import Path
from signal import SIGINT as INT

import psycopg
import redis
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from psycopg import sql
from redis.backoff import NoBackoff
from redis.retry import Retry

from deploy.cluster.processes import Failed, Program, run

DEPLOY = Path(__file__).parents[1]
ROOT = DEPLOY.parent
HOST = "127.0.0.1"
NAME = "localhost"
DATABASE, OWNER, APP = "ecabinet", "ecab_owner", "ecab_app"
LONGEST_SOCKET = 100  # letters; the kernel takes a few more
DAY = dt.timedelta(days=1)


class Missing(Failed):
    """A program of Debian is not installed; the sentence names its package."""


def program(name: str, package: str) -> str:
    """The path of a program, PostgreSQL's own folders and /usr/sbin included."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    found = str(versions[-1]) if versions else shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        raise Missing(f"{name} is missing; install it with: apt-get install --no-install-recommends {package}")
    return found


def free_ports(count: int) -> list[int]:
    """TCP ports nobody listens on, below those that outgoing connections take, so that a restart finds them free."""
    found: list[int] = []
    for port in random.sample(range(10_000, 20_000), 2_000):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((HOST, port))
            found.append(port)
            if len(found) == count:
                return found
    raise Failed("There are not enough free ports between 10000 and 20000.")


def plain(folder: Path) -> dict[str, str]:
    """The environment of a server: nothing of ours is in it."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "HOME": str(folder)}


class Postgres:
    """A PostgreSQL with checksums, passwords and two roles: one owns the tables, the other serves."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port, self.folder = port, folder / "postgresql"
        self.account = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
        self.passwords = {role: secrets.token_hex(16) for role in ("postgres", OWNER, APP)}
        self.folder.mkdir(mode=0o700)
        if self.account:
            shutil.chown(self.folder, self.account, self.account)
        self._make()

    def _make(self) -> None:
        word, data = self.folder / "password", self.folder / "data"
        word.write_text(self.passwords["postgres"])
        if self.account:
            shutil.chown(word, self.account, self.account)
        run(
            [program("initdb", "postgresql"), "--pgdata", str(data), "--username=postgres", "--encoding=UTF8",
             "--locale=C.UTF-8", "--data-checksums", "--auth=scram-sha-256", f"--pwfile={word}"],
            plain(self.folder), self.folder, self.account,
        )  # fmt: skip
        word.unlink()
        settings = (DEPLOY / "postgresql.conf").read_text()
        own = {"listen_addresses": HOST, "port": self.port, "unix_socket_directories": "", "shared_buffers": "64MB"}
        lines = "".join(f"{name} = '{value}'\n" for name, value in own.items())
        with (data / "postgresql.conf").open("a") as file:
            file.write(f"\n{settings}\n{lines}")

    def url(self, role: str = APP) -> str:
        return f"postgresql+psycopg://{role}:{self.passwords[role]}@{HOST}:{self.port}/{DATABASE}"

    def connect(self, database: str = DATABASE, role: str = "postgres") -> psycopg.Connection:
        """A plain connection in autocommit."""
        return psycopg.connect(
            host=HOST, port=self.port, dbname=database, user=role, password=self.passwords[role], autocommit=True
        )

    def furnish(self) -> None:
        """The two roles and the empty database, as docs/operations.md makes them."""
        with self.connect("postgres") as connection:
            for role in (OWNER, APP):
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                        sql.Identifier(role), sql.Literal(self.passwords[role])
                    )
                )
            connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER} TEMPLATE template0")
            connection.execute(f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC")
            connection.execute(f"GRANT CONNECT ON DATABASE {DATABASE} TO {APP}")

    def program(self) -> Program:
        command = [program("postgres", "postgresql"), "-D", str(self.folder / "data")]
        return Program("postgresql", command, plain(self.folder), self.folder, self._answers, self.account, end=INT)

    def _answers(self, _said: str) -> bool:
        try:
            self.connect("postgres").close()
        except psycopg.OperationalError:
            return False
        return True


class Redis:
    """A Redis that keeps nothing and knows one user, as deploy/redis.conf and deploy/redis-users.acl say."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port, self.folder, self.password = port, folder / "redis", secrets.token_hex(24)
        self.folder.mkdir(mode=0o700)
        users = (DEPLOY / "redis-users.acl").read_text().replace("LONG-RANDOM-PASSWORD", self.password)
        (self.folder / "users.acl").write_text(users)
        settings = (DEPLOY / "redis.conf").read_text()
        settings = settings.replace("/etc/redis/ecabinet.acl", str(self.folder / "users.acl"))
        (self.folder / "redis.conf").write_text(f"{settings}\nport {port}\ndir {self.folder}\ndaemonize no\n")

    @property
    def url(self) -> str:
        return f"redis://ecabinet:{self.password}@{HOST}:{self.port}/0"

    def program(self) -> Program:
        command = [program("redis-server", "redis-server"), str(self.folder / "redis.conf")]
        return Program("redis", command, plain(self.folder), self.folder, self._answers)

    def _answers(self, _said: str) -> bool:
        try:
            with redis.Redis.from_url(self.url, retry=Retry(NoBackoff(), 0)) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False


class Nginx:
    """Debian's nginx before the web and realtime processes, with deploy/nginx/ecabinet.conf."""

    def __init__(self, folder: Path, port: int, plain_port: int, web: list[int], realtime: list[int]) -> None:
        self.port, self.folder = port, folder / "nginx"
        self.folder.mkdir(mode=0o700)
        self.certificate = self.folder / "certificate.pem"
        write_certificate(self.certificate, self.folder / "key.pem")
        site = site_of(self.folder, port, plain_port, web, realtime)
        (self.folder / "ecabinet.conf").write_text(site)
        (self.folder / "nginx.conf").write_text(self._main())

    @property
    def url(self) -> str:
        return f"https://{NAME}:{self.port}"

    def _main(self) -> str:
        """What Debian's /etc/nginx/nginx.conf is there, with every path below our folder."""
        account = "user root;\n" if os.geteuid() == 0 else ""
        paths = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        kept = "".join(f"    {name}_temp_path {self.folder / name};\n" for name in paths)
        return (
            f"{account}worker_processes 2;\npid {self.folder / 'pid'};\nerror_log stderr warn;\n"
            f"worker_rlimit_nofile 8192;\nevents {{ worker_connections 4096; }}\n"
            f"http {{\n    include /etc/nginx/mime.types;\n    default_type application/octet-stream;\n{kept}"
            f"    include {self.folder / 'ecabinet.conf'};\n}}\n"
        )

    @property
    def command(self) -> list[str]:
        return [program("nginx", "nginx"), "-p", str(self.folder), "-c", str(self.folder / "nginx.conf"),
                "-e", "stderr"]  # fmt: skip

    def check(self) -> None:
        """nginx's own judgement of the files."""
        run([*self.command, "-q", "-t"], plain(self.folder), self.folder)

    def program(self) -> Program:
        command = [*self.command, "-g", "daemon off;"]
        return Program("nginx", command, plain(self.folder), self.folder, self._answers)

    def _answers(self, _said: str) -> bool:
        trusted = ssl.create_default_context(cafile=str(self.certificate))
        try:
            line = socket.create_connection((HOST, self.port), 2)
            with line, trusted.wrap_socket(line, server_hostname=NAME):
                return True
        except OSError:
            return False


def site_of(folder: Path, port: int, plain_port: int, web: list[int], realtime: list[int]) -> str:
    """deploy/nginx/ecabinet.conf with the addresses and paths of this machine; `Failed` when a place is missing."""
    site = (DEPLOY / "nginx" / "ecabinet.conf").read_text()
    fab = next(iter((ROOT / ".venv" / "lib").glob("python3.*/site-packages/flask_appbuilder")), None) or _fab()
    changes = {
        "listen 443 ssl http2;": f"listen {HOST}:{port} ssl http2;",
        "listen [::]:443 ssl http2;": "",
        "listen 80;": f"listen {HOST}:{plain_port};",
        "listen [::]:80;": "",
        "server_name ecabinet.example.gov.vn;": f"server_name {NAME} {HOST};",
        "/etc/ssl/ecabinet/certificate.pem": str(folder / "certificate.pem"),
        "/etc/ssl/ecabinet/key.pem": str(folder / "key.pem"),
        "/srv/ecabinet/.venv/lib/python3.11/site-packages/flask_appbuilder": str(fab),
        "/srv/ecabinet": str(ROOT),
        **{f"server 127.0.0.1:{8100 + number}": f"server {HOST}:{each}" for number, each in enumerate(web, 1)},
        **{f"server 127.0.0.1:{9100 + number}": f"server {HOST}:{each}" for number, each in enumerate(realtime, 1)},
    }  # fmt: skip
    for found, wanted in changes.items():
        if found not in site:
            raise Failed(f"deploy/nginx/ecabinet.conf does not say “{found}”.")
        site = site.replace(found, wanted)
    return site


def _fab() -> Path:
    import flask_appbuilder

    return Path(flask_appbuilder.__file__).parent


def write_certificate(path: Path, key_path: Path) -> None:
    """A certificate for this machine, signed by itself, for the days of a rehearsal."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    names = [x509.DNSName(NAME), x509.IPAddress(ipaddress.ip_address(HOST))]
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - DAY).not_valid_after(now + 30 * DAY)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_path.touch(mode=0o600)
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
