"""Host names of receivers, all at this machine: a resolver and a certificate authority of the benchmark's own."""

from collections.abc import Sequence
from pathlib import Path

from tests.support.certificates import make_certificate_authority

_DOMAIN = "receivers.test"


class Authority:
    """A certificate authority, and a certificate for all host names."""

    def __init__(self, folder: Path) -> None:
        """Write both into a folder."""
        authority = make_certificate_authority()
        self.ca_file = folder / "authority.pem"
        self.ca_file.write_bytes(authority.pem)
        authority.make_server_context(folder, f"*.{_DOMAIN}")
        self.certificate = folder / f"*.{_DOMAIN}.pem"


def host_name(number: int) -> str:
    return f"h{number}.{_DOMAIN}"


async def resolve(host: str, port: int) -> Sequence[str]:
    """Resolve every name to this machine."""
    return ("127.0.0.1",)
