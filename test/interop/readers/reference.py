"""The reference implementation of safetensors; main.ts calls it with a folder of files, and reads what it prints.

For every FILE.safetensors: what it holds, or null where it is refused. Those that are read are written again, by the
reference implementation, as FILE.back.
"""

import json
import pathlib
import sys

from safetensors import deserialize, serialize

NAMES = {"BOOL": "bool", "BF16": "bfloat16", "F16": "float16", "F32": "float32", "F64": "float64"}
NAMES |= {"F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2"}


def name_of(dtype):
    return NAMES.get(dtype) or dtype.replace("I", "int").replace("U", "uint")


def written(tensors, metadata):
    described = {
        name: {"dtype": name_of(tensor["dtype"]), "shape": tensor["shape"], "data": bytes(tensor["data"])}
        for name, tensor in tensors
    }
    return serialize(described, metadata)


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
