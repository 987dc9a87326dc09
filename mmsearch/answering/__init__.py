"""What a found segment says to the question: the cells of a table, the sentence of a text, or nothing at all.

A table: `questions` reads the question, `linking` finds its words among headers and cells, `proposing` makes hundreds
of candidate programs from them (`programs`, executed by polars on `typed` columns whose cells `values` has parsed),
`features` and `ranking` say which of them is meant, and how surely. A text: `sentences`.
"""
