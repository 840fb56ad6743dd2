"""`engaged demo` from outside: it ends by itself with a summary, on a signal too, draws on a terminal, serves pages.

Runs the program named by ENGAGED. Each test is a function whose name is a sentence.
"""
import concurrent.futures
import fcntl
import json
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
import urllib.request

ENGAGED = os.environ["ENGAGED"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def counts(summary):
    """The numbers of the summary by the word behind them."""
    head = summary[summary.index("Summary:"):].split("kind ")[0]
    return {word: int(number.replace(",", "")) for number, word in re.findall(r"(\d[\d,]*) ([a-z]+)", head)}


def kind_row(summary, kind):
    return re.search(rf"^ +{kind} +(\d+) +(\S+)", summary, re.M).groups()


def it_ends_by_itself_with_a_summary_in_which_everything_adds_up():
    run = subprocess.run([ENGAGED, "demo", "--for", "12s", "--days", "90", "--partners", "300", "--http", "off"],
                         capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, (run.returncode, run.stderr)
    found = counts(run.stdout)
    assert found["events"] == sum(found[word] for word in ("counted", "duplicate", "late", "future", "bad", "filtered"))
    assert found["counted"] == found["events"] > 10000, found
    assert found["score"] > 500 and found["churn"] > 100 and found["transactions"] > 0, found
    partners, told = map(int, kind_row(run.stdout, "churned"))
    assert partners > 10 and told >= 0.8 * partners, run.stdout


def played(name, days, partners="300"):
    """The numbers of the summary of a shipped program."""
    config = os.path.join(os.path.dirname(__file__), "..", "..", "config", f"{name}.yaml")
    run = subprocess.run([ENGAGED, "demo", "--config", config, "--for", "12s", "--days", days, "--partners", partners,
                          "--http", "off"], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, (run.returncode, run.stderr)
    found = counts(run.stdout)
    assert found["counted"] == found["events"] > 10000, found
    return found


def a_program_of_other_actions_is_played_by_the_same_partners():
    found = played("points", "90")
    assert found["award"] > found["score"] > 500 and found["churn"] > 50, found
    found = played("composite", "120")
    assert found["report"] > found["score"] > 500 and found["churn"] > 20, found
    found = played("connection", "90")
    assert found["report"] >= 600 and found["cell"] > 200 and found["score"] > 500 and found["churn"] > 50, found


def who_is_not_called_stands_in_digests():
    found = played("calls", "60", "2000")
    assert found["digests"] >= 10 and found["left"] >= found["digests"] and found["churn"] > 100, found


def the_figures_of_a_whole_program_are_shown():
    config = os.path.join(os.path.dirname(__file__), "..", "..", "config", "program.yaml")
    run = subprocess.run([ENGAGED, "demo", "--config", config, "--for", "12s", "--days", "70", "--partners", "300",
                          "--http", "off"], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, (run.returncode, run.stderr)
    assert counts(run.stdout)["group"] >= 20, run.stdout
    assert re.search(r"^   figures of \S+, program: retention [01]\.\d\d, participation [01]\.\d\d, redemption ",
                     run.stdout, re.M), run.stdout


def an_interrupt_ends_it_cleanly_with_the_summary():
    for number in (signal.SIGINT, signal.SIGTERM):
        process = subprocess.Popen([ENGAGED, "demo", "--partners", "50", "--http", "off"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        lines = [process.stdout.readline() for _ in range(2)]
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0 and "Summary:" in out and not err, (lines, out, err)


def a_partner_can_be_looked_at_while_it_runs():
    port = free_port()
    process = subprocess.Popen([ENGAGED, "demo", "--partners", "100", "--http", str(port)], stdout=subprocess.PIPE,
                               text=True)
    try:
        assert process.stdout.readline() == f"pages: http://127.0.0.1:{port}\n"
        partner = None
        for _ in range(100):
            time.sleep(0.3)
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/partners/p000007", timeout=10) as answer:
                    partner = json.load(answer)
                break
            except urllib.error.HTTPError as error:
                assert error.code in (404, 503), error
        assert partner["partner_id"] == "p000007" and partner["scores"], partner
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            assert b"engaged_" in answer.read()
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 0


def on_a_terminal_the_table_is_redrawn_in_place():
    child, terminal = pty.fork()
    if child == 0:
        os.execve(ENGAGED, [ENGAGED, "demo", "--for", "14s", "--days", "30", "--partners", "100", "--http", "off"],
                  {**os.environ, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"})
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 90, 0, 0))
    drawn = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            break
        if not piece:
            break
        drawn += piece
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    text = drawn.decode()
    assert text.startswith("\x1b[?25l") and "\x1b[?25h" in text, "the cursor is hidden and comes back"
    frames = re.split(r"\x1b\[\d+A", text)
    assert len(frames) > 5
    frame = re.sub(r"\x1b\[[?0-9]*[A-Za-z]|\r", "", frames[-2])
    for part in ("partners by band of engagement", "\u2588", "newest churn drops", "newest score changes"):
        assert part in frame, (part, frame)
    assert max(map(len, frame.splitlines())) <= 90


def wrong_use_is_one_line_with_the_way_out():
    for args, code, text in ((["--for", "1s"], 2, "must be from"), (["--http", "70000"], 2, "up to 65535"),
                             (["--config", "none.yaml"], 2, "none.yaml"), (["--speed", "0"], 2, "must be from")):
        run = subprocess.run([ENGAGED, "demo", *args], capture_output=True, text=True, timeout=60)
        lines = run.stderr.strip().splitlines()
        assert run.returncode == code and len(lines) == 1 and text in lines[0], (args, run.returncode, lines)


def passes(test):
    try:
        test()
        print(f"ok    {test.__name__}", flush=True)
        return True
    except Exception as error:                                       # told and counted, the next one runs
        print(f"FAIL  {test.__name__}: {type(error).__name__}: {error}", flush=True)
        return False


def main():
    tests = [f for name, f in sorted(globals().items())
             if callable(f) and getattr(f, "__module__", "") == "__main__" and not f.__code__.co_argcount
             and name.count("_") >= 2]
    # A demo mostly waits for its seconds to pass.
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        failed = [*pool.map(passes, tests)].count(False)
    print(f"{len(tests) - failed} passed, {failed} failed")
    return 1 if failed or not tests else 0


if __name__ == "__main__":
    sys.exit(main())
