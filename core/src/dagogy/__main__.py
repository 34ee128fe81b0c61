"""`python -m dagogy` does what the `dagogy` command does."""

from dagogy.cli.main import main

if __name__ == "__main__":
    main()
