"""Which addresses count as the Internet, however they are written."""

from ipaddress import ip_address

import pytest

from app.gateways.posting import is_public


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.1", "224.0.0.1",
     "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "fec0::1", "::ffff:10.0.0.1", "::127.0.0.1", "ff02::1",
     "64:ff9b::7f00:1", "2002:7f00:1::", "2001::1"],
)  # fmt: skip
def test_an_address_of_the_own_network_is_not_public(address):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2404:6800:4005:80a::200a", "::ffff:8.8.8.8"])
def test_an_address_of_the_internet_is_public(address):
    assert is_public(ip_address(address))
