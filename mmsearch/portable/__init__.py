"""A library as plain files: Parquet for what is in it, one JSON file that says what belongs together."""
