"""What the dashboard and plugins build on: the running server's services, and the types that these speak in.

An entry point of the group `piccobase.plugins` names a function that takes the `Services` of a started server and
returns `Mount`s, ASGI applications that answer below a path of their own beside the API.
"""

from piccobase.app.mounts import Mount
from piccobase.app.services import Services

__all__ = ["Mount", "Services"]
