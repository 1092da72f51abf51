"""The parts of `Messenger`, each with the methods of one subject."""
