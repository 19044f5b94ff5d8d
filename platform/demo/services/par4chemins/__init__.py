"""Par 4 Chemins, a fictional service that residents connect to their vault: a publisher's program, not the portal's.

It knows the portal by its public addresses only, with Authlib, and imports nothing of it. It keeps no copy: what it
read lives in the memory of one browser's session, and goes with it.
"""
