"""`manage.py tocsin`."""
