"""A fictional town, to try the portal in: never installed in production.

- `people`: who lives and works there, and what happened to each of them.
- `papers`: their papers, drawn and signed by an authority of the town's own.
- `holders`: answers as the organisations that hold their data do, in a process of its own.
- `services`: the services of fictional publishers, each in a process of its own.
- `seeding`: fills the portal with all of it, by the verbs of residents and agents.
- `tour`: walks through the portal over HTTP, a step a module.
"""
