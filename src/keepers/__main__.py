"""`python -m keepers` is the program `keepers`."""

from keepers.cli.main import main

main()
