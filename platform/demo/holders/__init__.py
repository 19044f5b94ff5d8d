"""Holders that answer on this machine: one small server, one folder per holder, for the demonstration and for the tests.

To mount one: `holders/<name>/app.py` with `APP = App("<name>", "Title")`, and its handlers under `@APP.route("GET", "/path/<part>")`. It
answers below `/<name>/`. README.md tells the rest.
"""
