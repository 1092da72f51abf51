"""Commands for the work of therapy."""
