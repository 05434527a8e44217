"""Checkpoints between PyTorch and this package, both ways.

    npm run build && /usr/bin/python3 test/interop/torch_checkpoint.py

1. PyTorch writes files of every kind, with a description of what is in them.
2. torch_checkpoint.ts reads each one, compares, writes it again, and makes one step with the optimizer in it.
3. PyTorch reads what came back: with torch.load, with the rules of weights_only, by the rules of mmap; compares bit by
   bit; gives it to torch.optim.SGD, and makes the same step.
"""

import inspect
import io
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter, OrderedDict

import torch

HERE = pathlib.Path(__file__).parent
SGD_OPTIONS = [
    {"lr": 0.1},
    {"lr": 1, "momentum": 0.9},
    {"lr": 0.05, "momentum": 0.9, "dampening": 0.1, "weight_decay": 1e-4},
    {"lr": 0.05, "momentum": 0.9, "nesterov": True, "maximize": True},
]


def hex_of(tensor):
    tensor = tensor.detach().contiguous()
    view = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[tensor.element_size()]
    if tensor.dtype == torch.bool:
        tensor = tensor.to(torch.uint8)
    return tensor.reshape(-1).view(view).numpy().tobytes().hex()


def describe(value):
    """What the other side compares with: containers as tagged lists, floats by their bits."""
    if isinstance(value, torch.Tensor):
        return ["tensor", str(value.dtype).removeprefix("torch."), list(value.shape), hex_of(value)]
    if isinstance(value, dict):
        return ["dict", [[describe(k), describe(v)] for k, v in value.items()]]
    if isinstance(value, (list, tuple, torch.Size)):
        return ["list", [describe(item) for item in value]]
    if isinstance(value, (set, frozenset)):
        return ["set", sorted(json.dumps(describe(item)) for item in value)]
    if isinstance(value, (bytes, bytearray)):
        return ["bytes", value.hex()]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return ["integer", str(value)]
    if isinstance(value, float):
        return ["float", struct.pack(">d", value).hex()]
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


def values():
    """name -> (value, arguments of torch.save, name of the optimizer's dtype or None)"""
    torch.manual_seed(0)
    base = torch.randn(6, 5)
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3), torch.nn.Linear(3, 2))
    dtypes = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16]
    dtypes += [torch.int8, torch.uint8, torch.bool]
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
    }
    everything["tied"] = [everything["parameter"], everything["parameter"]]
    for protocol in [2, 3, 4, 5]:
        yield f"everything_{protocol}", everything, {"pickle_protocol": protocol}
    legacy = {key: value for key, value in everything.items() if key != "views"} | {"views": everything["views"][:3]}
    yield "legacy", legacy, {"_use_new_zipfile_serialization": False}
    for i, options in enumerate(SGD_OPTIONS):
        for dtype in [torch.float32, torch.float64]:
            yield f"sgd_{i}_{str(dtype)[6:]}", trained(options, dtype), {}
    yield "sgd_fresh", trained(SGD_OPTIONS[1], steps=0), {}
    yield "sgd_legacy", trained(SGD_OPTIONS[2]), {"_use_new_zipfile_serialization": False}


def weights_only(file):
    """1.13's own restricted unpickler, with the one opcode that it lacks and all later versions have: BINFLOAT."""
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
    optimizer.load_state_dict(checkpoint["optimizer"])
    for p, grad in zip(params, checkpoint["grads"]):
        p.grad = grad.clone()
    optimizer.step()
    buffers = [optimizer.state[p].get("momentum_buffer") for p in params]
    return [describe(p) for p in params], [b if b is None else describe(b) for b in buffers]


def main():
    folder = pathlib.Path(tempfile.mkdtemp())
    originals = {}
    for name, value, options in values():
        originals[name] = value
        torch.save(value, folder / f"{name}.pt", **options)
        (folder / f"{name}.json").write_text(json.dumps(describe(value)))
    subprocess.run(["npx", "tsx", str(HERE / "torch_checkpoint.ts"), str(folder)], check=True, cwd=HERE.parent.parent)
    steps = 0
    for name, value in originals.items():
        path = folder / f"{name}.back.pt"
        back = torch.load(path)
        check_mmap(path)
        if not name.startswith("sgd"):
            assert describe_loosely(back) == describe_loosely(value), name
            weights_only(folder / f"{name}.weights.pt")
            continue
        assert describe_loosely(weights_only(path)) == describe_loosely(back), name
        assert stepped(back) == stepped(value), name
        group = back["optimizer"]["param_groups"][0]
        assert all(isinstance(group[key], float) for key in ["lr", "momentum", "dampening", "weight_decay"]), group
        assert back["optimizer"]["param_groups"][1]["warmup"] == 2
        stepped_there = torch.load(folder / f"{name}.stepped.pt")
        params, buffers = stepped(value)
        assert [describe(p) for p in stepped_there["params"]] == params, name
        state = stepped_there["optimizer"]["state"]
        there = [state.get(i, {}).get("momentum_buffer") for i in range(3)]
        assert [b if b is None else describe(b) for b in there] == buffers, name
        steps += 1
    print(f"{len(originals)} files of PyTorch {torch.__version__} read, written and read again; {steps} optimizers stepped in both")


def describe_loosely(value):
    """Without what JavaScript does not keep: tuples, the kind of dict and set, the order and type of integer keys."""
    if isinstance(value, dict):
        return sorted(json.dumps([str(loose_key(k)), describe_loosely(v)]) for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return [describe_loosely(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) <= 2**53 and str(value) != "-0.0":
        return describe(int(value))
    return describe(value)


def loose_key(key):
    return key if not isinstance(key, tuple) else [loose_key(item) for item in key]


if __name__ == "__main__":
    sys.exit(main())
