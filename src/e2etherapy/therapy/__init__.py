"""What therapy is made of besides messages: pure rules and values, no device, no network."""
