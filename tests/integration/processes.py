"""Child processes that never outlive the test.

Every child is remembered and ended by its process id when the test ends: well, by a failure, by an
interrupt or by SIGTERM. Should the test itself be killed outright, the kernel kills its children.
"""

import atexit
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_children = []
_folders = []


def _die_with_parent():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def start(command, output, environment=None, folder=None):
    """Starts a child. `output` is the file that gets what it prints, appended to, or a pair of files
    (standard output, standard error)."""
    out, err = output if isinstance(output, tuple) else (output, output)
    with open(out, "ab") as out_file, open(err, "ab") as err_file:
        child = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=out_file,
            stderr=err_file, preexec_fn=_die_with_parent, cwd=folder,
            env={**os.environ, **(environment or {})})
    _children.append(child)
    return child


def stop(child, deadline_s=60):
    """SIGTERM, then SIGKILL once the deadline has passed. Returns the exit code."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(deadline_s)
        except subprocess.TimeoutExpired:
            child.kill()
    return finish(child)


def kill(child):
    """kill -9, and waits until the process is gone."""
    child.kill()
    return finish(child)


def finish(child):
    code = child.wait()
    if child in _children:
        _children.remove(child)
    return code


def folder(name):
    """A new folder for files of this test, removed at the end unless keep_folders() is called."""
    path = tempfile.mkdtemp(prefix=f"engaged-{name}-")
    _folders.append(path)
    return path


def keep_folders():
    for path in _folders:
        print(f"kept: {path}", flush=True)
    _folders.clear()


def tail(path, lines=25):
    """The end of a file, for messages."""
    try:
        with open(path, errors="replace") as file:
            return "".join(file.readlines()[-lines:])
    except OSError:
        return "(nothing)"


def _clean_up():
    for child in list(_children):
        if child.poll() is None:
            child.kill()
        finish(child)
    for path in _folders:
        shutil.rmtree(path, ignore_errors=True)


def _leave(number, _frame):
    sys.exit(128 + number)


atexit.register(_clean_up)
signal.signal(signal.SIGTERM, _leave)
