"""Fixtures of the transport tests: the event loop of the server, a certificate authority, and a file that names it."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.certificates import CertificateAuthority, make_certificate_authority


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(scope="module")
def authority() -> CertificateAuthority:
    return make_certificate_authority()


@pytest.fixture
def ca_file(authority: CertificateAuthority, tmp_path: Path) -> str:
    path = tmp_path / "authorities.pem"
    path.write_bytes(make_certificate_authority("Another one").pem + authority.pem)
    return str(path)
