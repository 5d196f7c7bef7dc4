"""Sets one sheet in a process of its own: `python child.py` reads a job as JSON and writes the PDF. A script: it imports nothing of ours."""

import json
import sys

import typst


def main() -> None:
    job = json.load(sys.stdin)
    compiler = typst.Compiler(root=job["root"], font_paths=[job["fonts"]], ignore_system_fonts=True)
    made = compiler.compile(input=job["template"], format="pdf", sys_inputs=job["inputs"])
    assert isinstance(made, bytes)  # only pictures come in several
    sys.stdout.buffer.write(made)


if __name__ == "__main__":
    main()
