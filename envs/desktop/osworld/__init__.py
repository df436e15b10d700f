"""The protocol of OSWorld's desktops: a client for it, and a server of it over any desktop."""
