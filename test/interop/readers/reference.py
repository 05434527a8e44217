"""The reference implementation of safetensors; main.ts calls it with a folder of files, and reads what it prints.

For every FILE.safetensors: what it holds, or null where it is refused. Those that are read are written again, by the
reference implementation, as FILE.back.
"""

import json
import pathlib
import sys

import numpy as np
from safetensors import TensorSpec, deserialize, serialize

NAMES = {"BOOL": "bool", "BF16": "bfloat16", "F16": "float16", "F32": "float32", "F64": "float64"}


def name_of(dtype):
    return NAMES.get(dtype) or dtype.replace("I", "int").replace("U", "uint")


def written(tensors, metadata):
    arrays = {name: np.frombuffer(bytes(tensor["data"]) or b"\0", "uint8") for name, tensor in tensors}
    specs = {
        name: TensorSpec(
            dtype=name_of(tensor["dtype"]),
            shape=tensor["shape"],
            data_ptr=arrays[name].ctypes.data,
            data_len=len(tensor["data"]),
        )
        for name, tensor in tensors
    }
    return serialize(specs, metadata)


def main(folder):
    found = {}
    for path in sorted(folder.glob("*.safetensors")):
        content = path.read_bytes()
        try:
            tensors = deserialize(content)
        except Exception:
            found[path.stem] = None
            continue
        length = int.from_bytes(content[:8], "little")
        metadata = json.loads(content[8 : 8 + length]).get("__metadata__")
        path.with_suffix(".back").write_bytes(written(tensors, metadata))
        found[path.stem] = {
            name: [tensor["dtype"], tensor["shape"], bytes(tensor["data"]).hex()] for name, tensor in tensors
        }
    print(json.dumps(found))


main(pathlib.Path(sys.argv[1]))
