"""tocsin against its peers and its limits: `make bench`, or `python -m bench ROW … [--quick]`. See README.md."""
