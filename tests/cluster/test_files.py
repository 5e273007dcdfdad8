"""The files of deploy/ as the programs judge them that read them, and the settings as the documentation names them."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.cluster.servers import Nginx, free_ports
from tests.servers import program
from tests.web import ROOT

UNITS = ROOT / "deploy" / "systemd"
PYTHON = "/srv/ecabinet/.venv/bin/"
WROUGHT = {
    "ecabinet-web@.service": "ecabinet-web@8101.service",
    "ecabinet-realtime@.service": "ecabinet-realtime@9101.service",
}
CONFINED = ("NoNewPrivileges=yes", "ProtectSystem=strict", "PrivateTmp=yes", "RestrictAddressFamilies=", "MemoryMax=",
            "CapabilityBoundingSet=\n", "SystemCallFilter=@system-service", "ProtectHome=yes")  # fmt: skip
ELSEWHERE = {"ECABINET_DEMO", "ECABINET_FORCE_SQLITE", "ECABINET_SIGNER_USERS"}  # not in a production's environment


def test_systemd_finds_nothing_wrong_with_the_units(tmp_path):
    for path in UNITS.iterdir():
        text = path.read_text().replace(f"{PYTHON}python", sys.executable).replace(f"{PYTHON}flask", sys.executable)
        for name in {path.name, WROUGHT.get(path.name, path.name)}:
            (tmp_path / name).write_text(text)
    for second, first in {"web@8102": "web@.", "realtime@9102": "realtime@."}.items():
        shutil.copy(tmp_path / f"ecabinet-{first}service", tmp_path / f"ecabinet-{second}.service")
    units = sorted(str(path) for path in tmp_path.iterdir() if "@." not in path.name)
    judged = subprocess.run(
        [program("systemd-analyze", "systemd"), "verify", "--man=no", *units], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert (judged.returncode, judged.stderr) == (0, "")


@pytest.mark.parametrize("path", sorted(UNITS.glob("*.service")), ids=lambda path: path.name)
def test_every_process_is_confined(path):
    text = path.read_text()
    assert [each for each in CONFINED if each not in text] == []
    assert "User=ecabinet" in text


def test_only_the_signer_reaches_the_keys():
    signer = (UNITS / "ecabinet-signer.service").read_text()
    assert "User=ecabinet-signer" in signer
    assert "ReadWritePaths=/var/lib/ecabinet-signer\n" in signer
    assert "RestrictAddressFamilies=AF_UNIX\n" in signer
    for path in set(UNITS.glob("*.service")) - {UNITS / "ecabinet-signer.service"}:
        assert "/var/lib/ecabinet-signer" not in path.read_text()


def test_nginx_finds_nothing_wrong_with_the_site(tmp_path):
    program("nginx", "nginx")
    ports = free_ports(6)
    Nginx(tmp_path, ports[0], ports[1], ports[2:4], ports[4:6]).check()


def test_the_documentation_names_every_setting():
    read = set(re.findall(r'"(ECABINET_\w+)"', (ROOT / "config.py").read_text()))
    page = (ROOT / "docs" / "operations.md").read_text()
    example = (ROOT / "deploy" / "environment.example").read_text()
    assert len(read) > 20
    assert {name for name in read if not re.search(rf"^\| .*`{name}`.* \|", page, re.MULTILINE)} == set()
    assert {name for name in read - ELSEWHERE if not re.search(rf"^#?{name}=", example, re.MULTILINE)} == set()


def test_the_limits_of_the_proxy_are_those_of_the_program():
    import config
    from app.views.protection import PUBLIC_BODY, SMALL_BODY

    site = Path(ROOT / "deploy" / "nginx" / "ecabinet.conf").read_text()
    allowed = [int(number) * 1024 * 1024 for number in re.findall(r"client_max_body_size\s+(\d+)m;", site)]
    for limit in (SMALL_BODY, config.MAX_CONTENT_LENGTH, PUBLIC_BODY):
        assert any(limit <= each <= limit + 1024 * 1024 for each in allowed), limit
