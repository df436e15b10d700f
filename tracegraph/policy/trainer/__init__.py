"""The reference trainer: torch and LoRA, on one machine."""
