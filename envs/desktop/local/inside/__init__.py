"""What runs inside the sandbox beside the applications; imports nothing of the package."""
