"""IP address ranges: which are public, and which IPv6 addresses embed IPv4 addresses.

The tables follow IANA's special-purpose address registries (RFC 6890 and its successors). The standard library's
``is_private`` differs between Python versions, so it is not used.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LOOPBACK: tuple[Network, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))

# Link-local networks and cloud metadata services, which hand out credentials. A wider allowed network does not include
# these implicitly: only a network within them allows them.
RESTRICTED_NETWORKS: tuple[Network, ...] = (
    IPv4Network("169.254.0.0/16"),  # link-local, and the metadata of most clouds
    IPv4Network("100.100.100.200/32"),  # Alibaba Cloud
    IPv4Network("168.63.129.16/32"),  # Azure
    IPv4Network("192.0.0.192/32"),  # Oracle Cloud
    IPv6Network("fe80::/10"),  # link-local
    IPv6Network("fd00:ec2::254/128"),  # Amazon Web Services
    IPv6Network("fd20:ce::254/128"),  # Google Cloud
    IPv6Network("fd00:42::42/128"),  # Scaleway
    IPv6Network("fd00:c1::a9fe:a9fe/128"),  # Oracle Cloud
)

_NOT_PUBLIC_IPV4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network: Linux connects to itself
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's platform services
        "169.254.0.0/16",  # link-local
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays, withdrawn
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)

_PUBLIC_IPV6 = IPv6Network("2000::/3")
_NOT_PUBLIC_IPV6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments: Teredo, benchmarking, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
    )
)

_COMPATIBLE = IPv6Network("::/96")
_HOST_ITSELF = IPv6Network("::/127")
_TRANSLATED = IPv6Network("64:ff9b::/96")
_TRANSLATED_LOCALLY = IPv6Network("64:ff9b:1::/48")
_SIX_TO_FOUR = IPv6Network("2002::/16")
_TEREDO = IPv6Network("2001::/32")
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)


def parse_address(text: str) -> Address:
    """Parse an address: without its zone, and an IPv4-mapped IPv6 address as IPv4.

    Raises ``ValueError`` for anything else.
    """
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def is_address(text: str) -> bool:
    """Return whether a text is an address, not a name."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def is_public(address: Address) -> bool:
    """Return whether this address, ignoring embedded ones, belongs to the public internet."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_IPV4)
    return address in _PUBLIC_IPV6 and not any(address in network for network in _NOT_PUBLIC_IPV6)


def embedded_addresses(address: Address) -> Iterator[Address]:
    """Yield every address that a packet to this one may reach; each must be checked.

    That is the address itself and the IPv4 address embedded in it. An address of the well-known NAT64 prefix is only
    its embedded address: IPv6-only networks reach IPv4 that way.
    """
    if isinstance(address, IPv4Address):
        yield address
        return
    number = int(address)
    last = IPv4Address(number & 0xFFFF_FFFF)
    if address in _TRANSLATED:
        yield last
        return
    yield address
    is_compatible = address in _COMPATIBLE and address not in _HOST_ITSELF
    is_isatap = number >> 32 & 0xFFFF_FFFF in _ISATAP
    if is_compatible or is_isatap or address in _TRANSLATED_LOCALLY:
        yield last
    elif address in _SIX_TO_FOUR:
        yield IPv4Address(number >> 80 & 0xFFFF_FFFF)
    elif address in _TEREDO:
        yield IPv4Address(number >> 64 & 0xFFFF_FFFF)  # the relay
        yield IPv4Address(~number & 0xFFFF_FFFF)  # the host behind it
