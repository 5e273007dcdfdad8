"""Every provider of keys under the one contract."""

import pytest

from app.gateways.signing import Authority
from tests.gateways.signer_contract import BENCHES, SignerContract
from tests.gateways.signing_cases import NOW


@pytest.fixture(scope="module")
def authority():
    return Authority.create(None, NOW, demo=True)


class TestEveryProvider(SignerContract):
    @pytest.fixture(params=BENCHES)
    def bench(self, request, tmp_path, authority):
        folder = tmp_path / "bench"
        folder.mkdir()
        with BENCHES[request.param](folder, authority) as bench:
            yield bench
