"""The part of a notebook kernel that runs in the sandbox."""
