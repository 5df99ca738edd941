"""Files and folders that appear when they are complete, whatever happens to their writer."""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from lungrt import write_aside
from lungrt.errors import Io
from lungrt.write_aside import ASIDE_FILES, file_aside, replaced_folder, write_file

STALE_NEW = ".lungrt-new-0123456789abcdef.bundle"
STALE_OLD = ".lungrt-old-0123456789abcdef.bundle"


class _MayNotError(Exception):
    pass


def _may(output: Path) -> None:
    assert output.exists()


def _may_not(output: Path) -> None:
    raise _MayNotError


def _write(output: Path, text: str, *, then: type[BaseException] | None = None) -> None:
    with replaced_folder(output, _may) as folder:
        (folder / "file").write_text(text)
        if then:
            raise then


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "bundle"


@pytest.fixture
def old(output: Path) -> Path:
    """Return the output, with something in it."""
    output.mkdir()
    (output / "file").write_text("old")
    return output


def _is_old(output: Path) -> bool:
    return _names(output.parent) == ["bundle"] and (output / "file").read_text() == "old"


def test_new(output: Path) -> None:
    _write(output, "new")
    assert _names(output.parent) == ["bundle"]
    assert (output / "file").read_text() == "new"


def test_parents_are_made(tmp_path: Path) -> None:
    _write(tmp_path / "a" / "b" / "bundle", "new")
    assert (tmp_path / "a" / "b" / "bundle" / "file").read_text() == "new"


def test_parents_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Io, match="cannot write the folder"):
        _write(tmp_path / "file" / "bundle", "new")


def test_replaced(old: Path) -> None:
    (old / "only in the old one").touch()
    _write(old, "new")
    assert _names(old.parent) == ["bundle"]
    assert _names(old) == ["file"]
    assert (old / "file").read_text() == "new"


def test_there_is_never_nothing(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []
    rename = Path.rename

    def watch(path: Path, target: Path) -> Path:
        seen.append(old.exists())
        result = rename(path, target)
        seen.append(old.exists())
        return result

    monkeypatch.setattr(Path, "rename", watch)
    _write(old, "new")
    assert (old / "file").read_text() == "new"
    assert seen == [True, True], "new and old changed places in one step"


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOSYS, errno.ENOTSUP])
def test_file_system_that_cannot_exchange(
    old: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    _refuse_exchange(monkeypatch, code)
    _write(old, "new")
    assert _names(old.parent) == ["bundle"]
    assert (old / "file").read_text() == "new"
    with pytest.raises(Io, match="cannot write the folder"), replaced_folder(old, _may) as folder:
        folder.rmdir()  # so that the second of the two renames fails
    assert _names(old.parent) == ["bundle"]
    assert (old / "file").read_text() == "new"


def test_system_without_exchange(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_aside.ctypes, "CDLL", lambda *_, **__: object())
    _write(old, "new")
    assert _names(old.parent) == ["bundle"]
    assert (old / "file").read_text() == "new"


def test_exchange_that_is_refused(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _refuse_exchange(monkeypatch, errno.EACCES)
    with pytest.raises(Io, match="Permission denied"):
        _write(old, "new")
    assert _is_old(old)


def _refuse_exchange(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    class Library:
        @staticmethod
        def renameat2(*arguments: object) -> int:
            ctypes.set_errno(code)
            return -1

    monkeypatch.setattr(write_aside.ctypes, "CDLL", lambda *_, **__: Library)


def test_not_there_before_the_end(output: Path) -> None:
    with replaced_folder(output, _may):
        assert not output.exists()


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_an_exception_leaves_the_old(old: Path, error: type[BaseException]) -> None:
    with pytest.raises(error):
        _write(old, "new", then=error)
    assert _is_old(old)


def test_an_exception_leaves_nothing(output: Path) -> None:
    with pytest.raises(RuntimeError):
        _write(output, "new", then=RuntimeError)
    assert _names(output.parent) == []


def test_what_may_not_be_replaced(old: Path) -> None:
    entered = False
    with pytest.raises(_MayNotError), replaced_folder(old, _may_not):
        entered = True
    assert not entered
    assert _is_old(old)


def test_what_appears_meanwhile_may_not_be_replaced(output: Path) -> None:
    def appear() -> None:
        output.mkdir()
        (output / "file").write_text("old")

    with pytest.raises(_MayNotError), replaced_folder(output, _may_not):
        appear()
    assert _is_old(output)


def test_a_new_folder_that_cannot_be_put_there(old: Path) -> None:
    with pytest.raises(Io, match="cannot write the folder"), replaced_folder(old, _may) as folder:
        folder.rmdir()
    assert _is_old(old)


def test_a_disk_that_refuses(old: Path) -> None:
    with pytest.raises(Io, match="No space left"), replaced_folder(old, _may):
        raise OSError(28, "No space left on device")
    assert _is_old(old)


def test_leftovers_of_a_killed_writer_are_cleared(old: Path) -> None:
    for name in (STALE_NEW, STALE_OLD):
        (old.parent / name).mkdir()
        (old.parent / name / "file").write_text("stale")
    others = [".lungrt-new-mine.bundle", ".lungrt-new-0123456789abcdef.other", "bundle.backup"]
    for name in others:
        (old.parent / name).mkdir()
    _write(old, "new")
    assert _names(old.parent) == sorted([*others, "bundle"])


def test_killed_between_the_two_renames(output: Path) -> None:
    (output.parent / STALE_OLD).mkdir()
    (output.parent / STALE_OLD / "file").write_text("old")
    (output.parent / STALE_NEW).mkdir()
    with pytest.raises(_MayNotError), replaced_folder(output, _may_not):
        pass
    assert _is_old(output)


def _start_writer(output: Path) -> subprocess.Popen[str]:
    """Start a process that writes the output until it is told to end, or killed."""
    script = """
        import sys
        from pathlib import Path
        from lungrt.write_aside import replaced_folder
        with replaced_folder(Path(sys.argv[1]), lambda output: None) as folder:
            (folder / "file").write_text("new")
            print("writing", flush=True)
            sys.stdin.readline()
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), str(output)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    return process


def test_kill_9_leaves_the_old(old: Path) -> None:
    with _start_writer(old) as process:
        process.send_signal(signal.SIGKILL)
    assert (old / "file").read_text() == "old"
    assert len(_names(old.parent)) == 2
    _write(old, "new")
    assert _names(old.parent) == ["bundle"]


def test_two_writers(old: Path) -> None:
    with _start_writer(old) as process:
        with pytest.raises(Io, match="another process is writing this folder"):
            _write(old, "mine")
        assert (old / "file").read_text() == "old"
        process.communicate("end\n")
    assert process.returncode == 0
    assert (old / "file").read_text() == "new"
    assert _names(old.parent) == ["bundle"]


def test_a_link_is_followed(old: Path) -> None:
    link = old.parent / "link"
    link.symlink_to(old)
    _write(link, "new")
    assert os.path.realpath(link) == str(old)
    assert (old / "file").read_text() == "new"
    assert _names(old.parent) == ["bundle", "link"]


def test_an_old_folder_that_cannot_be_removed(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remove = shutil.rmtree

    def refuse(path: Path, **options: Any) -> None:
        if ".lungrt-old-" in path.name:
            raise PermissionError(13, "Permission denied")
        remove(path, **options)

    monkeypatch.setattr(shutil, "rmtree", refuse)
    with pytest.raises(Io, match=r"the old one could not be removed from .*lungrt-old-"):
        _write(old, "new")
    assert (old / "file").read_text() == "new"
    monkeypatch.undo()
    _write(old, "newer")
    assert _names(old.parent) == ["bundle"]


def test_a_folder_is_on_disk_before_it_takes_its_place(
    output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed = _flushed_until_renamed(monkeypatch)
    with replaced_folder(output, _may) as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / "file").touch()
        inodes = {path.stat().st_ino for path in (folder, folder / "deep", folder / "deep/file")}
    assert set(flushed) == inodes


def _flushed_until_renamed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the inodes that are flushed to disk from now on, until the first rename."""
    flushed: list[int] = []
    renamed = False
    fsync = os.fsync

    def watch_fsync(descriptor: int) -> None:
        assert not renamed
        flushed.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    for name in ("rename", "replace"):
        rename = getattr(Path, name)

        def watch_rename(path: Path, target: Path, rename: Any = rename) -> Any:
            nonlocal renamed
            renamed = True
            return rename(path, target)

        monkeypatch.setattr(Path, name, watch_rename)
    monkeypatch.setattr(os, "fsync", watch_fsync)
    return flushed


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return the path of a file, with something in it."""
    path = tmp_path / "report.json"
    path.write_text("old")
    return path


def _is_old_file(path: Path) -> bool:
    return _names(path.parent) == [path.name] and path.read_text() == "old"


def test_a_file_appears_when_it_is_complete(file: Path) -> None:
    with file_aside(file) as aside:
        assert aside.path.match(ASIDE_FILES)
        assert aside.path.suffix == ".json"
        assert file.read_text() == "old"
        aside.write("new é")
    assert _names(file.parent) == ["report.json"]
    assert file.read_bytes() == "new é".encode()
    write_file(file, b"newer")
    assert file.read_text() == "newer"


def test_a_file_that_is_written_by_its_name(file: Path) -> None:
    with file_aside(file) as aside:
        aside.path.write_text("new")
        aside.finish()
    assert _names(file.parent) == ["report.json"]
    assert file.read_text() == "new"


def test_a_file_has_the_usual_permissions(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        (tmp_path / "usual").touch()
        write_file(tmp_path / "a.json", "")
    finally:
        os.umask(before)
    usual = stat.S_IMODE((tmp_path / "usual").stat().st_mode)
    assert stat.S_IMODE((tmp_path / "a.json").stat().st_mode) == usual == 0o640


def test_a_file_that_is_not_finished_leaves_the_old(file: Path) -> None:
    with file_aside(file) as aside:
        aside.path.write_text("half")
    assert _is_old_file(file)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_an_exception_leaves_the_old_file(file: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), file_aside(file):
        raise error
    assert _is_old_file(file)


def test_a_full_disk_leaves_the_old_file(file: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        with pytest.raises(Io, match=r"report\.json: cannot be written \(File too large\)"):
            write_file(file, "more than ten bytes")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert _is_old_file(file)


def test_a_file_is_on_disk_before_it_takes_its_place(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed = _flushed_until_renamed(monkeypatch)
    write_file(file, "new")
    assert flushed == [file.stat().st_ino]
    write_file(file, "newer", sync=False)
    assert len(flushed) == 1


def test_a_link_to_a_file_is_followed(file: Path) -> None:
    link = file.with_name("link")
    link.symlink_to(file)
    write_file(link, "new")
    assert link.is_symlink()
    assert file.read_text() == "new"


@pytest.mark.parametrize("name", [".", "none/x.json", "report.json/x.json", "x" * 300])
def test_a_file_that_cannot_be_written_is_refused_at_once(file: Path, name: str) -> None:
    entered = False
    with pytest.raises(Io, match="cannot be written"), file_aside(file.parent / name):
        entered = True
    assert not entered
    assert _is_old_file(file)


def test_a_place_that_is_taken_meanwhile_is_reported(file: Path) -> None:
    def take() -> None:
        file.unlink()
        file.mkdir()

    with file_aside(file) as aside:
        take()
        with pytest.raises(Io, match="cannot be written"):
            aside.write("new")
    assert _names(file.parent) == ["report.json"]
