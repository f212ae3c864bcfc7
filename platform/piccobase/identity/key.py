"""The master key, which the stored secrets are encrypted with: given by the environment, or kept in the data dir."""

import hashlib
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from piccobase.base.errors import StartError

FILE_NAME = "secret.key"
MIN_LENGTH = 32  # characters; what we make ourselves has 43, for 256 random bits


@dataclass(frozen=True, slots=True)
class MasterKey:
    """256 bits to encrypt with, and where they come from, for messages."""

    origin: str
    value: bytes = field(repr=False)


def load_master_key(data_dir: Path, given: str | None = None) -> MasterKey:
    """The key in `given` (the value of PICCOBASE_SECRET_KEY), else that of `<data_dir>/secret.key`, made if need be.

    The text of the file may be moved to the environment as it is. Raises StartError where the text is too short, or
    where the file is broken, can be read by others, or cannot be made.
    """
    if given:
        return _key_of(given, "PICCOBASE_SECRET_KEY")
    path = data_dir / FILE_NAME
    try:
        if not path.exists():
            _create(path)
        return _key_of(_read(path), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise StartError(f"Cannot read or make {path}: {error}. Or give the key in PICCOBASE_SECRET_KEY.") from error


def _key_of(text: str, origin: str) -> MasterKey:
    text = text.strip()
    if len(text) < MIN_LENGTH:
        raise StartError(
            f"The key in {origin} is empty or cut short: {MIN_LENGTH} characters are needed, there are {len(text)}. "
            "Restore it from a backup; only where no secret has been stored yet, a new one will do."
        )
    # The text may be anything long enough; whatever it is, this makes 256 bits of it.
    return MasterKey(origin, hashlib.blake2b(text.encode(), digest_size=32, person=b"piccobase secret").digest())


def _create(path: Path) -> None:
    """Puts a new key in place, in one step and never over another: two processes that start at once agree on one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{FILE_NAME}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # unlike a rename it fails where the name is taken
    except FileExistsError:
        pass  # another process was faster: its key holds
    finally:
        draft.unlink()


def _read(path: Path) -> str:
    with path.open() as file:
        mode = os.fstat(file.fileno()).st_mode & 0o777
        if os.name == "posix" and mode & 0o077:
            raise StartError(
                f"{path} has mode {mode:04o}, so other accounts of this machine can use the key. Run: chmod 600 {path}"
            )
        return file.read()
