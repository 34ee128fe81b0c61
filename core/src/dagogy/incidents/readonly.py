"""Takes the right to change files from this process and from whatever it starts, where the kernel can:
Landlock, Linux 5.13 and later.

No kept library does that (those on PyPI are pre-releases), and the C library has no functions for it: three
system calls, asked for by their numbers, which are the same on every architecture.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION, _PATH_BENEATH = 1, 1
_NO_NEW_PRIVILEGES = 38
#: Write to a file, remove a folder or file, make a character device, folder, file, socket, pipe, block device
#: or link; by version of Landlock.
_WRITE, _CHANGES = 1 << 1, sum(1 << bit for bit in (1, 4, 5, 6, 7, 8, 9, 10, 11, 12))
_MOVE, _TRUNCATE = 1 << 13, 1 << 14


def forbid_changes() -> bool:
    """From here on no file or folder can be written, made, moved or removed, but for devices (`/dev/null`)
    and what is open already.

    There is no way back. False, and nothing has changed, where the kernel cannot do it.
    """
    if not sys.platform.startswith("linux"):
        return False
    call = ctypes.CDLL(None, use_errno=True).syscall
    version = call(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_ASK_VERSION))
    if version < 1:
        return False
    handled = _CHANGES | (_MOVE if version >= 2 else 0) | (_TRUNCATE if version >= 3 else 0)
    ruleset = call(_CREATE_RULESET, struct.pack("=Q", handled), ctypes.c_size_t(8), ctypes.c_uint32(0))
    if ruleset < 0:
        return False
    devices = os.open("/dev", os.O_PATH | os.O_CLOEXEC)
    try:
        # Without this right the kernel restricts none but root, since a program that is started could gain
        # some by its owner.
        ctypes.CDLL(None).prctl(_NO_NEW_PRIVILEGES, *(ctypes.c_ulong(value) for value in (1, 0, 0, 0)))
        rule = struct.pack("=Qi", (_WRITE | _TRUNCATE) & handled, devices)
        return not call(_ADD_RULE, ruleset, _PATH_BENEATH, rule, ctypes.c_uint32(0)) and not call(
            _RESTRICT_SELF, ruleset, ctypes.c_uint32(0)
        )
    finally:
        os.close(devices)
        os.close(ruleset)
