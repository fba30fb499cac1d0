"""Programme theory: its versions and what changed between them, on what evidence, and what to read again.

A theory is a thing with a history. :mod:`~eaa_graph.theory.versions` holds the versions,
:mod:`~eaa_graph.theory.difference` says what changed and why, :mod:`~eaa_graph.theory.evidence` sets the versions side
by side, :mod:`~eaa_graph.theory.queue` lists the articles to read again, :mod:`~eaa_graph.theory.lint` looks for slips
of theorising, :mod:`~eaa_graph.theory.sentences` puts a configuration into words.
"""
