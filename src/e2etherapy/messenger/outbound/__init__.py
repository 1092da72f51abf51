"""From something said to sealed envelopes at a relay."""
