"""What goes between a task and the program outside: a length, a ticket, one letter, values.

A ticket is eight bytes that the program outside chooses for each request and expects back.
"""

from __future__ import annotations

import struct

LENGTH = struct.Struct("<I")
# Requests.
DEFINE, CALL = b"D", b"C"
# Answers: a value; the code raised; too much was printed; no memory; too much was written; the
# value cannot cross.
VALUE, RAISED, FULL, MEMORY, DISK, CANNOT = b"V", b"R", b"O", b"M", b"S", b"X"
# The module that shipped source believes to be in.
MODULE = "__learned__"
