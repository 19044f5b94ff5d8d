"""Who the fictional people are, what their vaults hold on the first day, and why."""
