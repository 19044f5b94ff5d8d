"""What every request and answer passes through, before a view and after it."""
