"""Our pages in Django's admin, by what they show; `tocsin.admin` names them. Loaded only where it is installed."""
