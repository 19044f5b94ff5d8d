"""Run several commands of the portal in one process: starting Django takes longer than most of them.

python -m ops.commands load_content load_charter
"""

import sys
from pathlib import Path


def main() -> None:
    sys.path.insert(1, str(Path(__file__).resolve().parents[1] / "platform"))
    from django.core.management import execute_from_command_line

    for command in sys.argv[1:]:
        execute_from_command_line(["manage.py", *command.split()])


if __name__ == "__main__":
    main()
