"""The master key: made once, for its owner's eyes, and refused where it could not protect anything."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from piccobase.base.errors import StartError
from piccobase.identity.key import load_master_key

TEXT = "correct-horse-battery-staple-0123456789"


def test_a_key_is_made_at_the_first_start_and_read_at_the_next(tmp_path: Path) -> None:
    data_dir = tmp_path / "not" / "there yet"
    first = load_master_key(data_dir)
    assert len(first.value) == 32
    assert first.origin == str(data_dir / "secret.key")
    assert load_master_key(data_dir) == first
    assert os.listdir(data_dir) == ["secret.key"]


def test_only_the_owner_can_read_the_file_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        load_master_key(tmp_path)
    finally:
        os.umask(before)
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600


def test_every_data_dir_gets_a_key_of_its_own(tmp_path: Path) -> None:
    assert load_master_key(tmp_path / "a").value != load_master_key(tmp_path / "b").value


def test_a_key_from_the_environment_goes_before_the_file_and_makes_none(tmp_path: Path) -> None:
    key = load_master_key(tmp_path, TEXT)
    assert key.origin == "PICCOBASE_SECRET_KEY"
    assert not list(tmp_path.iterdir())


def test_the_text_of_the_file_is_the_same_key_in_the_environment(tmp_path: Path) -> None:
    from_file = load_master_key(tmp_path)
    assert load_master_key(tmp_path, (tmp_path / "secret.key").read_text()).value == from_file.value


def test_different_texts_are_different_keys(tmp_path: Path) -> None:
    assert load_master_key(tmp_path, TEXT).value != load_master_key(tmp_path, TEXT + "0").value


def test_the_key_does_not_show_in_its_repr(tmp_path: Path) -> None:
    key = load_master_key(tmp_path)
    assert repr(key) == f"MasterKey(origin='{tmp_path}/secret.key')"


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"", "there are 0"), (b"\n", "there are 0"), (b"cut short\n", "there are 9"), (b"\xff" * 50, "Cannot read")],
)
def test_a_broken_file_is_not_replaced_but_told(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "secret.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(StartError, match=told) as error:
        load_master_key(tmp_path)
    assert str(path) in error.value.message
    assert path.read_bytes() == content


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o601])
def test_a_file_that_others_can_use_is_refused_with_the_command_that_helps(tmp_path: Path, mode: int) -> None:
    load_master_key(tmp_path)
    path = tmp_path / "secret.key"
    path.chmod(mode)
    with pytest.raises(StartError, match=f"chmod 600 {path}"):
        load_master_key(tmp_path)


def test_a_short_key_in_the_environment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="PICCOBASE_SECRET_KEY is empty or cut short"):
        load_master_key(tmp_path, "password123")


def test_a_data_dir_that_cannot_be_one_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(StartError, match="Or give the key in PICCOBASE_SECRET_KEY"):
        load_master_key(tmp_path / "data")


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    """Threads stand for processes here: to the file system they are the same."""
    at_once = threading.Barrier(8)

    def start(data_dir: Path) -> bytes:
        at_once.wait()
        return load_master_key(data_dir).value

    with ThreadPoolExecutor(8) as threads:
        for number in range(20):
            data_dir = tmp_path / str(number)
            keys = threads.map(start, [data_dir] * 8)
            assert len(set(keys)) == 1
            assert os.listdir(data_dir) == ["secret.key"]
