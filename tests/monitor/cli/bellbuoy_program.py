"""`bellbuoy` as a file: what the console script of an installation does."""

from bellbuoy.monitor.cli import main

if __name__ == "__main__":
    main()
