"""Size limits of files, in bytes. Imports nothing: the readers' child process loads it, without Django.

A megabyte is a million bytes, as telephones count and as pages say ("Mo").
"""

MEGABYTE = 1_000_000
#: A data file, such as years of measures or of places.
MAX_FILE = 64 * MEGABYTE
#: A paper: PDF, photo or code.
MAX_PAPER = 10 * MEGABYTE
