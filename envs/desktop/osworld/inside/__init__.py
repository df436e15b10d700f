"""What runs under the interpreter that has `desktop-env`; nothing else of tracegraph is there."""
