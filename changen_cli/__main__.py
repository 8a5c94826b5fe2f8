"""``python -m changen_cli``."""

from changen_cli.start import main

if __name__ == "__main__":
    main()
