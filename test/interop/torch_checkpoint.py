"""Checkpoints between PyTorch and this package, both ways.

    npm run build && /usr/bin/python3 test/interop/torch_checkpoint.py            # PyTorch 1.13
    npm run build && test/interop/pytorch2.sh test/interop/torch_checkpoint.py    # PyTorch 2

1. PyTorch writes files of every kind, and of random values (--values, --seed), with a description of what is in them.
2. torch_checkpoint.ts reads each one, compares, writes it again, and makes one step with the optimizer in it.
3. PyTorch reads what came back: with torch.load, with weights_only and mmap where it has them; compares bit by bit, the order
   of keys included; gives it to torch.optim.SGD, and makes the same step.
"""

import argparse
import copy
import inspect
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter, OrderedDict

import numpy
import torch

from random_values import random_values

HERE = pathlib.Path(__file__).parent
IS_2 = int(torch.__version__.split(".")[0]) >= 2
SGD_OPTIONS = [
    {"lr": 0.1},
    {"lr": 1, "momentum": 0.9},
    {"lr": 0.05, "momentum": 0.9, "dampening": 0.1, "weight_decay": 1e-4},
    {"lr": 0.05, "momentum": 0.9, "nesterov": True, "maximize": True},
]


def hex_of(tensor):
    tensor = tensor.detach().resolve_conj().resolve_neg().contiguous()
    if tensor.dtype.is_complex:
        tensor = torch.view_as_real(tensor).contiguous()
    view = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[tensor.element_size()]
    if tensor.dtype == torch.bool:
        tensor = tensor.to(torch.uint8)
    return tensor.reshape(-1).view(view).numpy().tobytes().hex()


def describe(value):
    """What the other side compares with: containers as tagged lists, floats by their bits."""
    if isinstance(value, torch.Tensor):
        return ["tensor", str(value.dtype).removeprefix("torch."), list(value.shape), hex_of(value)]
    if isinstance(value, numpy.ndarray):
        return describe(torch.from_numpy(value.copy()))
    if isinstance(value, numpy.generic):
        return describe(value.item())
    if isinstance(value, dict):
        return ["dict", [[describe(k), describe(v)] for k, v in value.items()]]
    if isinstance(value, (list, tuple, torch.Size)):
        return ["list", [describe(item) for item in value]]
    if isinstance(value, (set, frozenset)):
        return ["set", sorted(json.dumps(describe(item)) for item in value)]
    if isinstance(value, (bytes, bytearray)):
        return ["bytes", bytes(value).hex()]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return ["integer", str(value)]
    if isinstance(value, float):
        return ["float", struct.pack(">d", value).hex()]
    if isinstance(value, complex):
        return ["complex", *(struct.pack(">d", part).hex() for part in (value.real, value.imag))]
    if isinstance(value, (torch.device, torch.dtype)):
        value = str(value)
    return ["string", value.encode("utf-16-le", "surrogatepass").hex()]


def trained(options, dtype=torch.float32, steps=3):
    generator = torch.Generator().manual_seed(1)
    params = [torch.randn(shape, generator=generator).to(dtype).requires_grad_() for shape in [(3, 5), (7,), ()]]
    groups = [{"params": params[:2]}, {"params": params[2:], "lr": 0.01, "name": "scalar", "warmup": 2}]
    optimizer = torch.optim.SGD(groups, **options)
    for _ in range(steps):
        for p in params:
            p.grad = torch.randn(p.shape, generator=generator).to(dtype)
        optimizer.step()
    grads = [torch.randn(p.shape, generator=generator).to(dtype) for p in params]
    return {"params": [p.detach().clone() for p in params], "grads": grads, "optimizer": optimizer.state_dict()}


def values(count, seed):
    """name, value, arguments of torch.save"""
    torch.manual_seed(0)
    base = torch.randn(6, 5)
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3), torch.nn.Linear(3, 2))
    dtypes = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16]
    dtypes += [torch.int8, torch.uint8, torch.bool, torch.complex64, torch.complex128]
    complex_tensor = lambda: torch.tensor([1 + 2j, 3 - 4j])
    everything = {
        "views": [base, base.t(), base[1:, ::2], base[3], base.expand(2, 6, 5), base[:0], base[2, 3]],
        "dtypes": [(torch.arange(-3, 9) * 0.7).to(dtype) for dtype in dtypes],
        "special": torch.tensor([float("nan"), float("inf"), -0.0, 1e-45]),
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "module": model.state_dict(),
        "numbers": [0, -1, 255, 256, 65535, 65536, -(2**31), 2**31, 2**53, -(2**53), 2**63, -(2**100), 2**1000],
        "floats": [0.1, 1.0, -0.0, float("nan"), float("-inf"), 5e-324],
        "texts": ["", "é", "🎉", "\ud800", "\ufeff", "x" * 70000],
        "containers": [(), (1, 2), ((1,), [2, {}]), OrderedDict(a=1), Counter([1, 1, 2]), {"1": 1, 1: 2}, {1.5: (1, 2)}],
        "sets": [set(), {1, "a"}, frozenset([2])],
        "bytes": [b"", b"\x00\xff" * 300],
        "keys": {None: 1, (1, "a"): 2, True: 3, -7: 4, "__proto__": 5, 2**70: 6},
        "size": base.shape,
        # PyTorch 1.13 loses the bit when it saves.
        "negative": IS_2 and [complex_tensor().conj().imag, torch._neg_view(torch.tensor([1, -2])), torch._neg_view(complex_tensor())],
        "names": [torch.device("cuda", 1), torch.device("cpu"), torch.float16, 1 - 2j, bytearray(b"\0\xff"), bytearray()],
        "numpy": [numpy.float64(0.75), numpy.int64(-(2**60)), numpy.float16(0.5), numpy.bool_(True), numpy.complex64(1 - 2j)],
        "arrays": [numpy.arange(6.0).reshape(2, 3), numpy.asfortranarray(numpy.arange(6).reshape(2, 3)), numpy.zeros((2, 0))],
    }
    everything["tied"] = [everything["parameter"], everything["parameter"]]
    for protocol in [1, 2, 3, 4, 5]:
        yield f"everything_{protocol}", everything, {"pickle_protocol": protocol}
    legacy = {key: value for key, value in everything.items() if key != "views"} | {"views": everything["views"][:3]}
    yield "legacy", legacy, {"_use_new_zipfile_serialization": False}
    for i, options in enumerate(SGD_OPTIONS):
        for dtype in [torch.float32, torch.float64]:
            yield f"sgd_{i}_{str(dtype)[6:]}", trained(options, dtype), {}
    for i, value in enumerate(random_values(count, seed)):
        legacy = i % 4 == 3
        yield f"random_{i}", value, {"pickle_protocol": 1 + i % 5, "_use_new_zipfile_serialization": not legacy}
    yield "sgd_fresh", trained(SGD_OPTIONS[1], steps=0), {}
    yield "sgd_legacy", trained(SGD_OPTIONS[2]), {"_use_new_zipfile_serialization": False}


def weights_only(file):
    """As torch.load reads by default since 2.6. 1.13's own restricted unpickler lacks an opcode: BINFLOAT."""
    if IS_2:
        return torch.load(file, weights_only=True)
    import torch._weights_only_unpickler as module

    source = inspect.getsource(module).replace(
        "            elif key[0] == BININT2[0]:",
        "            elif key[0] == 71:\n                self.append(unpack('>d', read(8))[0])\n            elif key[0] == BININT2[0]:",
    )
    patched = type(module)("patched")
    exec(compile(source, "patched", "exec"), patched.__dict__)
    original = torch.serialization._weights_only_unpickler
    torch.serialization._weights_only_unpickler = patched
    try:
        return torch.load(file, weights_only=True)
    finally:
        torch.serialization._weights_only_unpickler = original


def check_mmap(path):
    """torch.load(mmap=True) uses every storage where it lies: stored, aligned, and whole."""
    data = path.read_bytes()
    for info in zipfile.ZipFile(path).infolist():
        name_length, extra_length = struct.unpack("<HH", data[info.header_offset + 26 : info.header_offset + 30])
        offset = info.header_offset + 30 + name_length + extra_length
        assert info.compress_type == zipfile.ZIP_STORED and offset % 64 == 0, info
        assert info.file_size == info.compress_size, info
    assert zipfile.ZipFile(path).testzip() is None


def stepped(checkpoint):
    """One step of the real torch.optim.SGD from a checkpoint."""
    params = [p.clone().requires_grad_() for p in checkpoint["params"]]
    optimizer = torch.optim.SGD([{"params": params[:2]}, {"params": params[2:]}], lr=123.0)
    # PyTorch 2 takes the tensors themselves, and steps change them.
    optimizer.load_state_dict(copy.deepcopy(checkpoint["optimizer"]))
    for p, grad in zip(params, checkpoint["grads"]):
        p.grad = grad.clone()
    optimizer.step()
    buffers = [optimizer.state[p].get("momentum_buffer") for p in params]
    return [describe(p) for p in params], [b if b is None else describe(b) for b in buffers]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--values", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp())
    originals = {}
    for name, value, arguments in values(options.values, options.seed):
        originals[name] = value
        torch.save(value, folder / f"{name}.pt", **arguments)
        (folder / f"{name}.json").write_text(json.dumps(describe(value)))
    subprocess.run(["npx", "tsx", str(HERE / "torch_checkpoint.ts"), str(folder)], check=True, cwd=HERE.parent.parent)
    steps = 0
    for name, value in originals.items():
        path = folder / f"{name}.back.pt"
        back = torch.load(path)
        check_mmap(path)
        assert describe_loosely(back) == describe_loosely(value), name
        if IS_2:
            assert describe(torch.load(path, mmap=True)) == describe(back), name
        if not name.startswith("sgd"):
            continue
        assert describe(weights_only(path)) == describe(back), name
        check_stepped(name, value, back, folder)
        steps += 1
    print(f"{len(originals)} files of PyTorch {torch.__version__} read, written and read again; {steps} optimizers stepped in both")


def check_stepped(name, value, back, folder):
    assert stepped(back) == stepped(value), name
    group = back["optimizer"]["param_groups"][0]
    assert all(isinstance(group[key], float) for key in ["lr", "momentum", "dampening", "weight_decay"]), group
    assert back["optimizer"]["param_groups"][1]["warmup"] == 2
    assert all(isinstance(key, int) for key in back["optimizer"]["state"]), name
    stepped_there = torch.load(folder / f"{name}.stepped.pt")
    params, buffers = stepped(value)
    assert [describe(p) for p in stepped_there["params"]] == params, name
    state = stepped_there["optimizer"]["state"]
    there = [state.get(i, {}).get("momentum_buffer") for i in range(3)]
    assert [b if b is None else describe(b) for b in there] == buffers, name


def describe_loosely(value):
    """Without what JavaScript does not keep: which integers were floats."""
    return loosen(describe(value))


def loosen(node):
    if not isinstance(node, list):
        return node
    kind = node[0]
    if kind == "float":
        (number,) = struct.unpack(">d", bytes.fromhex(node[1]))
        whole = number.is_integer() and abs(number) <= 2**53 and str(number) != "-0.0"
        return ["integer", str(int(number))] if whole else node
    if kind == "set":
        return ["set", sorted(json.dumps(loosen(json.loads(item))) for item in node[1])]
    if kind == "dict":
        return ["dict", [[loosen(key), loosen(item)] for key, item in node[1]]]
    return ["list", [loosen(item) for item in node[1]]] if kind == "list" else node


if __name__ == "__main__":
    sys.exit(main())
