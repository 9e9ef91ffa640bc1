"""Benchmarks: each compares two ways in one run on one machine, and prints medians and their ratio.

python -m tests.bench.build        a full build, and an edit of one title, against one hand-written filter graph
python -m tests.bench.unchanged    a build with nothing to do against plain doit on as many hand-written tasks
python -m tests.bench.hour         the mix of a film of one hour: speed and memory
python -m tests.bench.provider     pictures and voices from providers with limits against the providers' own pace
python -m tests.bench.hashing      hashing a file as builds do against `sha256sum`
"""
