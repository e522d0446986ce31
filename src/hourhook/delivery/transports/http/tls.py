"""TLS of all connections: one context with the trusted certificates, and the sessions to resume (RFC 8446)."""

import re
import ssl
from collections import OrderedDict
from pathlib import Path

from hourhook.errors import OperatorError

_MAX_SESSIONS = 16_384
_CERTIFICATE = re.compile(r"-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----.*?-----END \1?CERTIFICATE-----", re.DOTALL)


class ClientContext(ssl.SSLContext):
    """A TLS context for clients that resumes the last session of each host."""

    _sessions: OrderedDict[str, ssl.SSLSession]

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """Start TLS, with the session of the host if there is one. The event loops call it without a session."""
        if session is None and isinstance(server_hostname, str):
            session = self._sessions.get(server_hostname)
        return super().wrap_bio(incoming, outgoing, server_side, server_hostname, session)

    def keep_session(self, server_hostname: str, session: ssl.SSLSession | None) -> None:
        """Keep a session for the next connection to the host."""
        if session is None:
            return
        self._sessions[server_hostname] = session
        self._sessions.move_to_end(server_hostname)
        while len(self._sessions) > _MAX_SESSIONS:
            self._sessions.popitem(last=False)


def make_context(ca_file: str | None) -> ClientContext:
    """Create a context that trusts the system's certificate authorities and the certificates of ``ca_file``.

    A certificate in the file is trusted itself, whether or not it is one of an authority. Raises ``OperatorError`` if
    the file is unusable.
    """
    context = ClientContext(ssl.PROTOCOL_TLS_CLIENT)
    context._sessions = OrderedDict()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    # The strict checks refuse certificates that `openssl req -x509` and many private authorities make.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.load_default_certs()
    if ca_file:
        _load(context, ca_file)
    return context


def server_name(host: str) -> str:
    """Return the name that a certificate must carry: without the dot of an absolute name (RFC 6066 section 3)."""
    return host.rstrip(".")


def _load(context: ssl.SSLContext, path: str) -> None:
    try:
        text = Path(path).read_bytes().decode("utf-8-sig", "replace")
        # Comments between the certificates may be in any language.
        certificates = "\n".join(found[0] for found in _CERTIFICATE.finditer(text))
        context.load_verify_locations(cadata=certificates)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it contains no PEM certificates"
        raise OperatorError(
            f"HOURHOOK_CA_FILE={path!r} cannot be used: {reason}; specify a file with PEM certificates"
        ) from None
