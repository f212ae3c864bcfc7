"""What can go wrong with a hook. These are mistakes in the code of an app or a plugin: the log tells them."""

from piccobase.base.errors import PiccobaseError


class HookError(PiccobaseError):
    """A hook broke what is asked of it. To a client that is an error of the server's."""

    code = "hook.failed"


class HookMisused(HookError):
    """A hook called on twice, or never."""

    code = "hook.misused"


class HookTooSlow(HookError):
    """A hook held the write lock for too long, and nothing of the write was kept."""

    code = "hook.too_slow"


class HooksTooDeep(HookError):
    """Hooks that lead to each other, without an end."""

    code = "hook.too_deep"
