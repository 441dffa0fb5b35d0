"""What batchctl costs beside its baselines: measured side by side, in processes of their own, and printed.

    python -m tests.benchmarks [NAMES] [--rows 10k,100k,1m] [--runs 3] [--json FILE] [--folder DIR]

These are no tests: nothing here is timed by pytest, and nothing fails for being slow. Trust ratios more than
absolutes, CPU seconds more than wall time, and all of it more on a machine that does nothing else.

**How a benchmark is added.** One file below `cases/`, with a `BENCHMARK`; its name on the command line is that of the
file (`fetch_join.py` is `fetch-join`).

    def contenders(place: Place) -> list[Contender]:
        rows = place.rows                    # the size to measure
        csv = place.reviews(rows)            # made once for all benchmarks; `place.folder` is there for anything else
        return [
            Contender("hand-written", baseline("fetch_join", str(csv)), rows, is_baseline=True),
            Contender("batchctl", batchctl("results", "-f", str(manifest)), rows, around=fresh_server),
        ]

    BENCHMARK = Benchmark("fetch 1 M results and join them with their rows", contenders)

`contenders` is called once for each size and prepares what all runs share. Each contender is a command. The runs
alternate: first each contender once, then each again. `around` is a context that is entered before each run and left
after it, outside of what is measured: a server, or a folder that must be empty. `check` gets what the command printed,
and raises where it is not what it should be: what is fast and wrong is not measured. `amount` and `unit` say how much
work a run is, for the rate; a slow baseline may be given fewer rows than the size, and the table shows how many.

Servers stand beside what is measured (`servers.py`): batchctl's own with its echo, a provider whose batches have all
ended (`archive.py`), one that throws away what it is sent (`drain.py`), and an upstream that takes its time
(`slow_upstream.py`).

Baselines are modules below `baselines/`, run as `python -m tests.benchmarks.baselines.NAME`. They import nothing of
batchctl, so that they stay what they were.

**What is measured** (`process.py`): wall seconds; CPU seconds, user and system, of the process and all its children
that it waited for; the peak resident memory of the largest of these processes (`rss`), and of all of them at one
moment (`sum rss`, sampled, Linux only). The start of the interpreter is part of it all.

**What is shown** (`figures.py`): medians over the runs, and the ratio of each rate to that of each baseline, by CPU
and by wall time. A ratio is taken within one round of the alternation, and the median over the rounds is shown.
"""
