#!/usr/bin/env python3
"""tools/tidy finds what each of its rules is about, at the right line, and nothing in a file that keeps them.

Each row: the rule, the file, its text, and the line at which the rule has to speak (None: it has to be silent).
Words that the rules look for are put together here, so that this file keeps them itself.
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ.get("ENGAGED_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
TIDY = SOURCE / "tools" / "tidy"

HEAD = "/* A file. */\n"


def function(name, lines, line="    eng_assert(1);"):
    return f"int {name}(void)\n{{\n" + f"{line}\n" * lines + "}\n"


LATER = "TO" + "DO"
ROWS = [
    ("line-length", "src/base/a.c", HEAD + "/* " + "x" * 100 + " */\n", 2),
    ("line-length", "src/base/a.c", HEAD + "/* " + "x" * 94 + " */\n", None),
    ("line-length", "tools/a", "#!/bin/bash\n# A tool.\n# " + "x" * 119 + "\n", 3),
    ("whitespace", "src/base/a.c", HEAD + "int a(void);\t\n", 2),
    ("whitespace", "src/base/a.c", HEAD + "int a(void); \n", 2),
    ("whitespace", "src/base/a.c", HEAD + "\n\n", 4),
    ("file-comment", "src/base/a.c", "#include <stdint.h>\n", 1),
    ("file-comment", "tests/a/a.py", "import os\n", 1),
    ("comment-style", "src/base/a.c", HEAD + "int a(void); // no\n", 2),
    ("comment-style", "src/base/a.c", HEAD + 'const char *const a = "http://x.example"; /* // */\n', None),
    ("include-direction", "src/engine/a.c", HEAD + '#include "model/config.h"\n', 2),
    ("include-direction", "src/codec/a.c", HEAD + '#include "model/yaml.h"\n', 2),
    ("include-direction", "src/codec/a.c", HEAD + '#include "model/config.h"\n', None),
    ("include-direction", "src/serve/a.c", HEAD + '#include "cli/options.h"\n', 2),
    ("include-direction", "src/stream/a.c", HEAD + '#include "model/config.h"\n', None),
    ("include-direction", "src/stream/a.c", HEAD + '#include "nowhere.h"\n', 2),
    ("third-party", "src/stream/a.c", HEAD + "#include <avro.h>\n", 2),
    ("third-party", "src/serve/a.c", HEAD + "#include <librdkafka/rdkafka.h>\n", 2),
    ("third-party", "src/stream/a.c", HEAD + "#include <librdkafka/rdkafka.h>\n", None),
    ("engine-pure", "src/engine/a.c", HEAD + "#include <stdio.h>\n", 2),
    ("engine-pure", "src/engine/a.c", HEAD + "#include <stdint.h>\n", None),
    ("function-length", "src/base/a.c", HEAD + function("big", 71), 3),
    ("function-length", "src/base/a.c", HEAD + function("small", 5), None),
    ("function-length", "src/base/a.c", HEAD + function("middling", 15), 0),
    ("function-length", "src/base/a.c",
     HEAD + "".join(function(f"f{i}", 5) for i in range(9)) + function("long", 61), 0),
    ("parameters", "src/base/a.c", HEAD + "int a(int b, int c, int d,\n      int e, int f, int g)\n{\n}\n", 4),
    ("parameters", "src/base/a.c", HEAD + "int a(int b, int (*c)(int, int), int d, int e, int f)\n{\n}\n", None),
    ("parameters", "src/base/a.c", HEAD + "\n/* tidy: allow parameters: a callback of theirs */\n"
     "int a(int b, int c, int d,\n      int e, int f, int g)\n{\n}\n", None),
    ("asserts", "src/engine/a.c", HEAD + function("a", 6, "    step();"), 0),
    ("asserts", "src/engine/a.c", HEAD + function("a", 6), None),
    ("asserts", "src/engine/a.c", HEAD + function("a", 5, "    step();"), None),
    ("unsafe-call", "src/base/a.c", HEAD + "    n = atoi(text);\n", 2),
    ("unsafe-call", "src/base/a.c", HEAD + "    /* atoi(text) */ n = my_atoi(text);\n", None),
    ("clock-call", "src/stream/a.c", HEAD + "    clock_gettime(CLOCK_MONOTONIC, &now);\n", 2),
    ("clock-call", "src/engine/clock.c", HEAD + "    clock_gettime(CLOCK_MONOTONIC, &now);\n", 2),
    ("clock-call", "src/base/clock.c", HEAD + "    clock_gettime(CLOCK_MONOTONIC, &now);\n", None),
    ("memory-call", "src/codec/a.c", HEAD + "    a = malloc(4);\n", 2),
    ("memory-call", "src/base/memory.c", HEAD + "    a = malloc(4);\n", None),
    ("memory-call", "src/codec/a.c",
     HEAD + "    free(a); /* tidy: allow memory-call: the library allocated it */\n", None),
    ("print-call", "src/stream/a.c", HEAD + '    printf("%d", 1);\n', 2),
    ("print-call", "src/cli/a.c", HEAD + '    printf("%d", 1);\n', None),
    ("exit-call", "src/serve/a.c", HEAD + "    exit(1);\n", 2),
    ("chance-call", "src/cli/a.c", HEAD + "    a = rand();\n", 2),
    ("mutable-global", "src/engine/a.c", HEAD + "static int seen;\n", 2),
    ("mutable-global", "src/engine/a.c", HEAD + "static char names[4][2] = {0};\n", 2),
    ("mutable-global", "src/engine/a.c", HEAD + "static const int limit = 3;\n", None),
    ("mutable-global", "src/engine/a.c", HEAD + "static int seen(void);\n", None),
    ("typedef", "src/base/a.h", HEAD + "typedef struct a a_t;\n", 2),
    ("typedef", "src/base/a.h", HEAD + "typedef enum a function(int b);\n", None),
    ("header-guard", "src/base/a.h", HEAD + "#ifndef A_H\n#define A_H\n#endif\n", 1),
    ("header-guard", "src/base/a.h", HEAD + "#ifndef ENG_BASE_A_H\n#define ENG_BASE_A_H\n#endif\n", None),
    ("header-guard", "include/engaged/a.h", HEAD + "#ifndef ENGAGED_A_H\n#endif\n", None),
    ("prototype-comment", "include/engaged/a.h", HEAD + "\nint a(void);\n", 3),
    ("prototype-comment", "include/engaged/a.h",
     HEAD + "\n/* Two. */\nint a(int b,\n      int c);\nint d(void);\n", None),
    ("test-name", "tests/unit/base/test_a.c", HEAD + "Test(a, works)\n", 2),
    ("test-name", "tests/unit/base/test_a.c", HEAD + "Test(a, a_copy_ends_with_zero)\n", None),
    ("guarantee", "docs/exactly-once.md", "# G\n| G1 | it holds | `tests/unit/base/test_a.c` |\n", 2),
    ("guarantee", "docs/exactly-once.md", "# G\n| G1 | it holds | |\n", 2),
    ("leftover", "src/base/a.c", HEAD + f"/* {LATER}: more */\n", 2),
    ("outside-tree", "README.md", "see ../sha" + "red/design.md\n", 1),
    ("machine-path", "tests/a/a.sh", "#!/bin/bash\n# A test.\ncd /wo" + "rk/main\n", 3),
    ("machine-path", "tests/a/a.sh", '#!/bin/bash\n# A test.\ncd "$dir/wo' + 'rk"\n', None),
    ("host", "README.md", "at https://" + "archive.invalid/file\n", 1),
    ("host", "README.md", "at http://localhost:8080/metrics\n", None),
    ("script", "tools/a", "# no interpreter\n", 1),
    ("format", "src/base/a.c", HEAD + "int a (void) ;\n", 2),
    ("format", "src/base/a.c", HEAD + "int a(void);\n", None),
]


def run_tidy(root):
    return subprocess.run([sys.executable, str(TIDY), "--root", str(root)], capture_output=True, text=True, check=False)


def lines_of(output, rule, name):
    """The lines at which `rule` speaks of `name`; rules on a whole room speak of its folder."""
    found = []
    for line in output.splitlines():
        parts = line.split(":", 3)
        if len(parts) == 4 and parts[2].strip() == rule and name.startswith(parts[0]):
            found.append(int(parts[1]))
    return found


class Tidy(unittest.TestCase):
    def test_each_row_is_judged_at_its_line(self):
        for rule, name, text, want in ROWS:
            with self.subTest(rule=rule, name=name, text=text), tempfile.TemporaryDirectory() as folder:
                root = pathlib.Path(folder)
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
                (root / ".clang-format").write_bytes((SOURCE / ".clang-format").read_bytes())
                run = run_tidy(root)
                if rule == "format" and "layout not checked" in run.stdout:
                    continue
                self.assertEqual(run.stderr, "")
                got = lines_of(run.stdout, rule, name)
                if want is None:
                    self.assertEqual(got, [], run.stdout)
                else:
                    self.assertIn(want, got, run.stdout)
                    self.assertEqual(run.returncode, 1)

    def test_every_rule_has_a_row_that_breaks_it(self):
        run = subprocess.run([sys.executable, str(TIDY), "--rules"], capture_output=True, text=True, check=True)
        rules = {line.split()[0] for line in run.stdout.splitlines()}
        self.assertEqual(rules, {rule for rule, _, _, want in ROWS if want is not None})

    def test_a_clean_tree_passes(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "src" / "base" / "a.c"
            path.parent.mkdir(parents=True)
            path.write_text(HEAD + function("add", 3), encoding="utf-8")
            run = run_tidy(folder)
            self.assertEqual((run.returncode, run.stdout), (0, "1 files, 0 offences\n"))


if __name__ == "__main__":
    unittest.main()
