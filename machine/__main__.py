"""`python -m machine`: the `machine` command. The one import from the framework up into the console."""

from machine_console.__main__ import main

if __name__ == "__main__":
    main()
