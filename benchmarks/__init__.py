"""Speed and quality, measured; never asserted in tests."""
