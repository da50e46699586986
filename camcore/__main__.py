"""``python -m camcore``."""

from camcore.cli.app import main

if __name__ == "__main__":
    main()
