"""From envelopes at a relay to what was said: opened, judged, stored."""
