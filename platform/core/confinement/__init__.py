"""Children that own nothing: the processes that read what strangers sent, or lay out what people wrote.

`starting.py` is the parent's side, `inside.py` the child's, without Django. `landlock.py` and `seccomp.py` are the two
layers of the kernel, docs/decisions/0057-children-that-own-nothing.md the list of all children and what each may do.
"""
