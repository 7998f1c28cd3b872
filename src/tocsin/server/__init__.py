"""The standalone server: its settings, its addresses and the ASGI callable. Only `cli` imports it."""
