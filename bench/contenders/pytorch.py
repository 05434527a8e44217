# torch.optim.SGD on one thread, asked line by line: see process.ts. The argument is the form: default, foreach or fused.

import inspect
import os
import sys
import time

import numpy as np
import torch

FORM = sys.argv[1]
OPTIONS = {} if FORM == "default" else {FORM: True}
NOW = time.process_time_ns if os.environ.get("SGD_WASM_BENCH_CLOCK") == "cpu" else time.perf_counter_ns


def seeded(array, size):
    """The numbers of workload.ts."""
    i = np.arange(1, size + 1, dtype=np.uint64)
    hashed = (i * 2654435761 ^ ((array + 1) * 2246822519)) & 0xFFFFFFFF
    return ((hashed >> 8) * 2 + 1).astype(np.float64) / 2**24 - 1


def prepare(dtype, lr, momentum, dampening, weight_decay, nesterov, *sizes):
    params = []
    for t, size in enumerate(map(int, sizes)):
        param = torch.nn.Parameter(torch.from_numpy(seeded(2 * t, size)).to(getattr(torch, dtype)))
        param.grad = torch.from_numpy(seeded(2 * t + 1, size)).to(param.dtype)
        params.append(param)
    optimizer = torch.optim.SGD(
        params,
        lr=float(lr),
        momentum=float(momentum),
        dampening=float(dampening),
        weight_decay=float(weight_decay),
        nesterov=nesterov == "1",
        **OPTIONS,
    )
    return params, optimizer


def run(optimizer, steps):
    start = NOW()
    for _ in range(steps):
        optimizer.step()
    return NOW() - start


def sample(params):
    values = []
    for param in params[:: -(-len(params) // 16)]:
        n = param.numel()
        values += [param[i * (n - 1) // 99].item() for i in range(100)]
    return " ".join(map(repr, values))


def main():
    torch.set_num_threads(1)
    params = optimizer = None
    for line in sys.stdin:
        command, *words = line.split()
        answer = "done"
        if command == "version":
            known = inspect.signature(torch.optim.SGD).parameters
            answer = torch.__version__ if OPTIONS.keys() <= known.keys() else "none"
        elif command == "prepare":
            params, optimizer = prepare(*words)
        elif command == "run":
            answer = run(optimizer, int(words[0]))
        elif command == "sample":
            answer = sample(params)
        elif command == "dispose":
            params = optimizer = None
        print(answer, flush=True)


main()
