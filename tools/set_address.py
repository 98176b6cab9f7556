"""Change the repository's address everywhere: ``make address URL=https://github.com/OWNER/NAME``.

The address is one setting, ``repository.url`` in ``_config.yml``. This command reads it there and
replaces it, the address of the published pages and the ``owner/name`` in every text file of the
repository.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SETTING = re.compile(r"^repository:\n(?:[ \t]+.*\n)*?[ \t]+url:[ \t]*(\S+)", re.MULTILINE)
ADDRESS = re.compile(r"https://github\.com/([\w-]+)/([\w.-]+)")


def address(root: Path = ROOT) -> str:
    """Return the repository's address as ``_config.yml`` gives it."""
    found = SETTING.search((root / "_config.yml").read_text(encoding="utf-8"))
    if found is None:
        raise SystemExit("_config.yml has no repository.url")
    return found[1]


def names(url: str) -> tuple[str, str]:
    """Split an address into owner and name, or end the program and say what is wrong with it."""
    found = ADDRESS.fullmatch(url)
    if found is None or found[2].endswith(".git"):
        raise SystemExit(
            f"{url!r} is not the address of a GitHub repository. Write it as "
            "https://github.com/OWNER/NAME, without a slash or .git at the end "
            "(Colab opens notebooks from GitHub only)."
        )
    return found[1], found[2]


def spellings(url: str) -> list[str]:
    """Return the forms in which an address occurs in files, the longest first."""
    owner, name = names(url)
    return [url, f"https://{owner}.github.io/{name}", f"{owner}/{name}"]


def text_files(root: Path) -> list[Path]:
    """Return the repository's text files: those that git tracks or would track."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, check=True).stdout
    found = []
    for name in sorted(set(listed.decode().split("\0")) - {""}):
        path = root / name
        if path.is_file() and b"\0" not in path.read_bytes()[:8192]:
            found.append(path)
    return found


def change(root: Path, new: str) -> list[Path]:
    """Replace the address in every text file; return the files that changed."""
    old = address(root)
    replacements = dict(zip(spellings(old), spellings(new), strict=True))
    pattern = re.compile(rf"(?<![\w.-])(?:{'|'.join(map(re.escape, replacements))})(?![\w-])")
    changed = []
    for path in text_files(root):
        before = path.read_bytes().decode("utf-8", errors="surrogateescape")
        after = pattern.sub(lambda found: replacements[found[0]], before)
        if after != before:
            path.write_bytes(after.encode("utf-8", errors="surrogateescape"))
            changed.append(path.relative_to(root))
    return changed


def main() -> int:
    """Run the command line."""
    if len(sys.argv) != 2:
        raise SystemExit("Usage: set_address.py https://github.com/OWNER/NAME")
    names(sys.argv[1])
    for path in change(ROOT, sys.argv[1]):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
