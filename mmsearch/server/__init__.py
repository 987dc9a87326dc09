"""One process has the library open, and others use it over HTTP; see `mmsearch.server.application`."""
