"""``python -m camcore``."""

from camcore.cli import main

if __name__ == "__main__":
    main()
