"""`python -m e2etherapy.cli` is the command `e2etherapy`."""

from e2etherapy.cli.start import main

main()
