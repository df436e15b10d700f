"""What runs in processes of its own: the keeper, the fork server and what they share.

These modules import only the standard library and each other, relatively: the processes import
this folder as the package ``inside``, without the rest of tracegraph, and start in milliseconds.
"""
