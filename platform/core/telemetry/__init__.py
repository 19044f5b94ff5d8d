"""What each process says of itself, without a person: log lines, and the counts behind `/metrics`."""
