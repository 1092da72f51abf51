"""What two people do in a therapy, one module for each kind of thing that is said."""
