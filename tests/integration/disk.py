"""A small disk for a node, that can be filled: a tmpfs of its own. Where nothing may be mounted the system's limit
on the size of files takes its place: to the process it looks the same, no write comes through.
"""

import atexit
import resource
import shutil
import subprocess

_NOTHING = 4096


class Disk:
    def __init__(self, folder, megabytes):
        self._filler = folder / "filler"
        self._folder = folder
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
        self.mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
        atexit.register(self.remove)

    def fill(self, pid):
        """Until the process with this id can write no more."""
        if not self.mounted:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (_NOTHING, resource.RLIM_INFINITY))
            return
        with self._filler.open("wb", buffering=0) as file:
            while (free := shutil.disk_usage(self._folder).free) > 0:
                file.write(bytes(min(free, 1 << 20)))

    def free(self):
        """A limit has gone with its process."""
        self._filler.unlink(missing_ok=True)

    def remove(self):
        if self.mounted:
            subprocess.run(["umount", "-l", str(self._folder)], capture_output=True, check=False)
        self.mounted = False
