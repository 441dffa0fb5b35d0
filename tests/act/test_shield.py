"""An interrupt in the middle of a create waits until the batch's id is recorded."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time


def run(body: str) -> subprocess.CompletedProcess[str]:
    script = textwrap.dedent("""
        import os, signal, sys, time
        from batchctl.act.shield import interrupts_held
        def me(number): os.kill(os.getpid(), number)
    """) + textwrap.dedent(body)
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20, check=False)


def test_an_interrupt_is_delivered_after_the_block_and_not_in_it() -> None:
    done = run("""
        try:
            with interrupts_held():
                me(signal.SIGINT)
                print("recorded")
            print("not reached")
        except KeyboardInterrupt:
            print("interrupted")
    """)
    assert done.stdout.split() == ["recorded", "interrupted"]


def test_a_second_interrupt_is_delivered_at_once() -> None:
    done = run("""
        try:
            with interrupts_held():
                me(signal.SIGINT)
                me(signal.SIGINT)
                print("not reached")
        except KeyboardInterrupt:
            print("interrupted")
    """)
    assert done.stdout.split() == ["interrupted"]


def test_a_call_that_hangs_is_given_up_after_some_seconds() -> None:
    start = time.monotonic()
    done = run("""
        try:
            with interrupts_held(patience_s=0.2):
                me(signal.SIGINT)
                time.sleep(15)
                print("not reached")
        except KeyboardInterrupt:
            print("interrupted")
    """)
    assert done.stdout.split() == ["interrupted"]
    assert time.monotonic() - start < 10


def test_without_an_interrupt_the_handlers_are_as_before() -> None:
    done = run("""
        before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
        with interrupts_held():
            pass
        assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
        print("same")
    """)
    assert done.stdout.split() == ["same"]
