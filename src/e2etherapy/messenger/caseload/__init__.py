"""All conversations at once: what waits, what is written for many, what can be counted."""
