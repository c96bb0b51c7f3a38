"""The same as the command `smskit`, where that is not on the path: `python -m smskit.cli`."""

from smskit.cli import main

if __name__ == "__main__":
    main()
