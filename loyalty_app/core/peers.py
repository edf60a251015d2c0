"""Who is one and the same at the other end of the network, when tries are counted."""

from ipaddress import IPv4Address, IPv6Network, ip_address

HOUSEHOLD = 64
"""The bits of an IPv6 address that a provider gives; the others are everybody's own choice."""


def peer_at(address: str) -> str:
    """Return what an address is counted as: itself, or of IPv6 the network that one household has."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or IPv6Network((int(found), HOUSEHOLD), strict=False))
