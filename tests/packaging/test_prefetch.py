#!/usr/bin/env python3
"""The program that was built prefetches the records of coming events and of partners to be visited.

A compiler may take a function that only prefetches for one without effect and leave it out; nothing but the time
shows that. So the instructions are counted: a slot, a handle and four lines of a record for an event, two lines for
a partner that may be due. Skipped where there is no objdump, or no name for the instruction is known here.
"""
import os
import platform
import re
import shutil
import subprocess
import sys

SKIPPED = 77
WORDS = {"x86_64": r"\tprefetch(t0|nta|w)\b", "aarch64": r"\tprfm\b"}
FEWEST = 8
NOT_OURS = re.compile(r"XXH|rd_|on_send|eng_txn|LZ4|ZSTD|sanitizer")


def main():
    word = WORDS.get(platform.machine())
    if word is None or shutil.which("objdump") is None:
        print("skipped: no objdump, or no name for a prefetch")
        return SKIPPED
    listing = subprocess.run(["objdump", "-d", "--no-show-raw-insn", os.environ["ENGAGED"]], capture_output=True,
                             text=True, check=True).stdout
    function, found = "", []
    for line in listing.splitlines():
        if named := re.match(r"[0-9a-f]+ <([^>]+)", line):
            function = named[1]
        elif re.search(word, line) and not NOT_OURS.search(function):
            found.append(function)
    print(f"{len(found)} prefetch instructions, at least {FEWEST} are meant to be there: {sorted(set(found))}")
    return 0 if len(found) >= FEWEST else 1


if __name__ == "__main__":
    sys.exit(main())
