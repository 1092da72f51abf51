"""What a therapist sees of all conversations at once, computed on the device that holds them."""
