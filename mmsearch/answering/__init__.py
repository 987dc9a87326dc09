"""What a found segment says to the question: cells of a table, a text's sentence, a place on a picture, or nothing.

A table: `questions` reads the question, `linking` finds its words among headers and cells, `proposing` makes hundreds
of candidate programs from them (`programs`, executed by polars on `typed` columns whose cells `values` has parsed),
`features` and `choosing` say which of them is meant, and how surely. A text: `sentences`. A picture: `lettering`.
"""
