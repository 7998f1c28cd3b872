"""How a message leaves: the contract, the registry, the HTTP seam, and one folder per channel."""
