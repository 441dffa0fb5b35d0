"""Which addresses and names mean this machine."""

from __future__ import annotations

import ipaddress

# Names that no stranger can point at this machine: they are resolved here, or by the machine's own container host.
OWN_SUFFIXES = (".localhost", ".local", ".internal")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_own_name(host: str) -> bool:
    """Whether a `Host` header may be a call from this machine: an address, or a name that the internet does not have.

    A page in a browser can let its own name point at 127.0.0.1 and then read what a server there says, with any
    key it likes. The name is the one thing that it cannot hide.
    """
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    name = name.removeprefix("[").removesuffix("]").rstrip(".").lower()
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return "." not in name or name.endswith(OWN_SUFFIXES)
    return True
