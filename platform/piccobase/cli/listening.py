"""The listening socket: bound before anything else, so that a port in use is said before anything is touched."""

import errno
import socket

from piccobase.base.config import Config
from piccobase.base.errors import StartError


def bind(config: Config) -> socket.socket:
    """A socket that listens where the config says; port 0 takes a free one. Raises StartError."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    # Named as TCP, so that asyncio switches Nagle's algorithm off; with it each answer would wait 40 ms for an ACK.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((config.host, config.port))
        bound.listen(2048)
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise StartError(
                f"Port {config.port} on {config.host} is in use. Choose another with --port, or end what listens there."
            ) from error
        raise StartError(f"Cannot listen on {config.host}:{config.port}: {error.strerror or error}.") from error
    return bound


def address_of(listener: socket.socket) -> str:
    """The URL of what listens there, without a slash at its end."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
