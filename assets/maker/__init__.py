"""What `make_library.py` builds the demo library with: drawing, tables, documents and speech."""
