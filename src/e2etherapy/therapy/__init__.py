"""What client and therapist agree on and tell each other about the therapy itself."""
