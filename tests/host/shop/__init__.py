"""A shop with customers of its own kind: the foreign project that tocsin is installed into."""
