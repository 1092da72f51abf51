"""The record of what was said: shown, kept, handed over, erased; and the notes beside it."""
