"""The egress proxy that deliveries can be sent through (``docs/settings.md#delivery``)."""

from pyreqwest.http import Url

from hourhook.errors import OperatorError

_SCHEMES = ("http", "https", "socks5", "socks5h")


def parse_proxy(url: str) -> Url:
    """Parse the URL of an egress proxy.

    Raises ``OperatorError`` if it is invalid.
    """
    # The value is not repeated: it may contain a password.
    refusal = OperatorError("HOURHOOK_EGRESS_PROXY cannot be used: write a URL such as http://proxy.example.com:3128")
    try:
        proxy = Url(url)
    except ValueError:
        raise refusal from None
    if proxy.scheme not in _SCHEMES or not proxy.host_str:
        raise refusal
    return proxy
