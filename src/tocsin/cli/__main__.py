"""`python -m tocsin.cli`, for where no console script is on the path."""

from tocsin.cli import main

main()
