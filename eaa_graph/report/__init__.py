"""The report of a review: one document, written as Word file, HTML page and Markdown.

:mod:`~eaa_graph.report.material` is what it is written from (records, findings, answers of measures),
:mod:`~eaa_graph.report.sections` says what stands in it, :mod:`~eaa_graph.report.document` is the document
itself, and :mod:`~eaa_graph.report.word`, :mod:`~eaa_graph.report.web` and :mod:`~eaa_graph.report.markdown` write
it down. Nothing here counts evidence: numbers are cells of tables that measures gave.
"""
