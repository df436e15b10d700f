"""The environments that agents act in, one package each."""
