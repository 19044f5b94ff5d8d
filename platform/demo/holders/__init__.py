"""Fictional holders on this machine: one small server, with a folder per holder, for the demonstration and the tests.

To add one: `holders/<name>/app.py` with `APP = App("<name>", "Title")` and handlers under `@APP.route("GET",
"/path/<part>")`. It is served below `/<name>/`. See README.md.
"""
