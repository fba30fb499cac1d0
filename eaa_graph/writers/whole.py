"""Write a file, or a folder of files, whole or not at all.

What is written stands beside its place until it is complete, and then takes the place in one step. Whatever ends the
program on the way (a kill, a full disk, a pulled cable) leaves what was there before; what is left beside is ours,
and the next writer clears it away.
"""

from __future__ import annotations

__all__ = ["whole_folder", "write_whole"]

import contextlib
import ctypes
import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from eaa_graph.errors import StoreUnavailable


def write_whole(path: Path, content: bytes | str) -> Path:
    r"""Write `content` to `path` so that a reader sees the old file or the new one, never half of it.

    The folder is made if need be; the content goes to a file beside, reaches the
    disk, and takes the name in one step.

    Parameters
    ----------
    path : Path
    content : bytes or str
        Text is written as UTF-8 with ``\n`` as line end, on every platform.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    StoreUnavailable
        If it cannot be written (full disk, no permission, a folder of that name); what was there before is untouched.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    beside: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".part")
        beside = Path(name)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        # mkstemp makes private files; a review is meant to be shared like any other file.
        beside.chmod(path.stat().st_mode & 0o777 if path.is_file() else 0o666 & ~_umask())
        beside.replace(path)
    except OSError as error:
        raise StoreUnavailable(
            f"{path} could not be written: {error.strerror or error}; nothing was changed. "
            "Close it if another program has it open, free some space, or choose another folder"
        ) from None
    finally:
        if beside is not None:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
    return path


@contextlib.contextmanager
def whole_folder(target: Path, allowed: Callable[[], None] = lambda: None) -> Iterator[Path]:
    """Give an empty folder to fill, which takes the place of `target` when the block ends well.

    One writer at a time: a second one is refused. On Linux and macOS the two folders change names in one step, so that
    there is no moment without a folder; elsewhere the old one steps aside first, and a program ended between the two
    steps is made up for by the next writer.

    Parameters
    ----------
    target : Path
    allowed : callable
        Asked, once no other writer can interfere, whether `target` may be replaced; it raises if not.

    Yields
    ------
    Path
        A folder beside `target`. If the block raises, it goes and `target` stays as it was.

    Raises
    ------
    StoreUnavailable
        If another program writes there, or it cannot be written (full disk, no permission, a drive that went away).
    """
    try:
        if target.is_symlink():
            target = target.resolve()  # what it leads to is replaced, not the sign that leads there
        target.parent.mkdir(parents=True, exist_ok=True)
        with _only_writer(target):
            _tidy(target)
            allowed()
            fresh = Path(tempfile.mkdtemp(prefix=_beside(target), dir=target.parent))
            try:
                yield fresh
                fresh.chmod(0o777 & ~_umask())  # a temporary folder is private; results are meant to be handed on
                _onto_the_disk(fresh)
                _into_place(fresh, target)
            finally:
                shutil.rmtree(fresh, ignore_errors=True)
    except OSError as error:
        where = f" ({error.filename})" if error.filename and not isinstance(error, FileNotFoundError) else ""
        raise StoreUnavailable(
            f"{target} could not be written: {error.strerror or error}{where}; what was there before is as it was. "
            "Close programs that have its files open, free some space, or name another folder with --out"
        ) from None


def _beside(target: Path) -> str:
    return f".{target.name[:60]}.eaa-graph-"


def _old(target: Path) -> Path:
    return target.with_name(f".{target.name[:60]}.eaa-graph-old")


@contextlib.contextmanager
def _only_writer(target: Path) -> Iterator[None]:
    """Hold the lock on writing `target`; the system lets go of it if the program dies."""
    path = target.with_name(f".{target.name[:60]}.lock")
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            held = _locked(handle)
            if not held:
                who = os.read(handle, 20).decode("ascii", "replace").strip() if sys.platform != "win32" else ""
                raise StoreUnavailable(
                    f"another eaa-graph{f' (process {who})' if who else ''} is writing {target} at this moment; "
                    "wait until it is done, or name another folder with --out"
                )
            # Whoever had the lock may have removed its file between our opening and our locking.
            if _same(handle, path):
                break
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
    try:
        if sys.platform != "win32":
            os.ftruncate(handle, 0)
            os.write(handle, f"{os.getpid()}\n".encode())
        yield
    finally:
        if sys.platform == "win32":
            os.close(handle)  # no open file can be removed there
            with contextlib.suppress(OSError):
                path.unlink()
        else:
            with contextlib.suppress(OSError):
                path.unlink()
            os.close(handle)


def _locked(handle: int) -> bool:
    """Take the lock; False if another program has it. Where a drive knows no locks, writers are not told apart."""
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK)
    return True


def _same(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except OSError:
        return False


def _tidy(target: Path) -> None:
    """Make up for a writer that was ended: put back what had stepped aside, remove what it left half-written."""
    old = _old(target)
    if old.exists() and not target.exists():
        old.replace(target)
    for left in target.parent.glob(f"{_glob_safe(_beside(target))}*"):
        shutil.rmtree(left, ignore_errors=True)


def _glob_safe(text: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in text)


def _onto_the_disk(folder: Path) -> None:
    """Have the system write out what it still holds in memory: after a power cut the names must not lead to nothing."""
    if sys.platform == "linux":
        handle = os.open(folder, os.O_RDONLY)
        try:
            if _libc().syncfs(handle) == 0:
                return
        except AttributeError:
            pass
        finally:
            os.close(handle)
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb+") as file:
                os.fsync(file.fileno())


def _into_place(fresh: Path, target: Path) -> None:
    if not target.exists():
        fresh.replace(target)
        return
    if _exchanged(fresh, target):
        return  # what was there has the temporary name now, and goes with it
    old = _old(target)
    target.replace(old)
    try:
        fresh.replace(target)
    except BaseException:
        old.replace(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _exchanged(one: Path, other: Path) -> bool:
    """Let two names change places in one step; False where system or drive cannot."""
    first, second = os.fsencode(one.absolute()), os.fsencode(other.absolute())
    try:
        if sys.platform == "linux":
            here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
            return bool(_libc().renameat2(here, first, here, second, ctypes.c_uint(exchange)) == 0)
        if sys.platform == "darwin":
            swap = 2  # RENAME_SWAP
            return bool(_libc().renamex_np(first, second, ctypes.c_uint(swap)) == 0)
    except AttributeError:  # a C library older than the call
        return False
    return False


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
