"""Where the program begins: Ctrl-C is provided for before anything that takes time is imported."""

from e2etherapy.cli import interruption


def main() -> None:
    """Run the command line and leave the process with its exit code."""
    interruption.end_at_once()
    from e2etherapy.cli.main import main as run_and_leave

    run_and_leave()
