"""What two people have said about the therapy, item by item, and what holds after it."""
