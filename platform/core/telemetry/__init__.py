"""Log lines, and the counts behind `/metrics`. They name no person."""
