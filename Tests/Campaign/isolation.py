"""Runs the campaign in namespaces of its own: its network, mounts and processes are nobody else's, and end with it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys

_MARK = "RUNSURGE_CAMPAIGN_ISOLATED"


def enter() -> None:
    """Returns inside of the namespaces; outside of them this process becomes the one that waits for their end."""
    if os.environ.get(_MARK) == "yes":
        _become_first_process()
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return
    if os.geteuid() != 0:
        sys.exit("the campaign makes network namespaces and mounts: run it as root")
    missing = [tool for tool in ("unshare", "nsenter", "ip", "tc", "mount") if shutil.which(tool) is None]
    if missing:
        sys.exit(f"the campaign needs {', '.join(missing)}: apt-get install util-linux mount iproute2")
    os.environ[_MARK] = "yes"
    os.execvp(
        "unshare",
        ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable, *sys.argv],
    )


def _become_first_process() -> None:
    """The namespace's first process only reaps: what killed workers leave behind comes to it."""
    child = os.fork()
    if child == 0:
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: os.kill(child, received))
    while True:
        ended, status = os.wait()
        if ended == child:
            # Whatever still runs in the namespace ends with its first process.
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
