"""PyTorch's half of the example; main.ts calls it.

    pytorch.py begin FOLDER    trains 300 steps, saves a checkpoint, trains 300 more, saves their gradients and the end
    pytorch.py finish FOLDER   reads the checkpoints that sgd-wasm made of the first one, and compares (JSON on stdout)
"""

import json
import pathlib
import sys
from collections import OrderedDict

import numpy as np
import torch

DATA = pathlib.Path(__file__).parent.parent / "digits" / "data"
TRAINING_ROWS, BATCH_SIZE = 1500, 50
STEPS_PER_EPOCH = TRAINING_ROWS // BATCH_SIZE
HALF = 300

images = torch.from_numpy(np.fromfile(DATA / "images.u8", "uint8").reshape(-1, 64)).float() / 16
labels = torch.from_numpy(np.fromfile(DATA / "labels.u8", "uint8")).long()
order = torch.from_numpy(np.fromfile(DATA / "perm_train.i32", "<i4")).long()


def mulberry32(state):
    """The numbers that the digits example starts from as well: examples/digits/random.ts."""
    while True:
        state = (state + 0x6D2B79F5) & 0xFFFFFFFF
        t = ((state ^ (state >> 15)) * (1 | state)) & 0xFFFFFFFF
        t ^= (t + (((t ^ (t >> 7)) * (61 | t)) & 0xFFFFFFFF)) & 0xFFFFFFFF
        yield t ^ (t >> 14)


def initial_values(random, shape):
    count = int(np.prod(shape))
    values = [((next(random) >> 8) / 2**23 - 1) / (1 << (next(random) >> 29)) * 0.5 for _ in range(count)]
    return torch.tensor(values).reshape(shape)


def create():
    model = torch.nn.Sequential(
        OrderedDict(hidden=torch.nn.Linear(64, 24), tanh=torch.nn.Tanh(), output=torch.nn.Linear(24, 10))
    )
    return model, torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)


def step(model, optimizer, number):
    start = number % STEPS_PER_EPOCH * BATCH_SIZE
    rows = order[start : start + BATCH_SIZE]
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(model(images[rows]), labels[rows]).backward()
    optimizer.step()


def save(path, model, optimizer, steps):
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": steps // STEPS_PER_EPOCH}, path)


def begin(folder):
    model, optimizer = create()
    random = mulberry32(777)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(initial_values(random, parameter.shape))
    for number in range(HALF):
        step(model, optimizer, number)
    save(folder / "pytorch-300.pt", model, optimizer, HALF)

    gradients = {name: [] for name, _ in model.named_parameters()}
    for number in range(HALF, 2 * HALF):
        step(model, optimizer, number)
        for name, parameter in model.named_parameters():
            gradients[name].append(parameter.grad.clone())
    torch.save({name: torch.stack(steps) for name, steps in gradients.items()}, folder / "gradients.pt")
    save(folder / "pytorch-600.pt", model, optimizer, 2 * HALF)


def read(path):
    """A checkpoint the way any training script takes it up: both state dicts must be accepted as they are."""
    checkpoint = torch.load(path)
    model, optimizer = create()
    model.load_state_dict(checkpoint["model"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    return model, optimizer, checkpoint["epoch"]


def correct(model):
    with torch.no_grad():
        return int((model(images[TRAINING_ROWS:]).argmax(1) == labels[TRAINING_ROWS:]).sum())


def values(model, optimizer):
    parameters = [p.detach().flatten() for p in model.parameters()]
    buffers = [optimizer.state[p]["momentum_buffer"].flatten() for p in model.parameters()]
    return {"parameters": torch.cat(parameters), "momentum": torch.cat(buffers)}


def compare(ours, reference):
    bits = [tensor.numpy().view("int32") for tensor in (ours, reference)]
    largest = float(reference.abs().max())
    return {
        "elements": ours.numel(),
        "different": int((bits[0] != bits[1]).sum()),
        "distance": float((ours - reference).abs().max()) / largest,
    }


def evaluate(path, reference_path):
    model, optimizer, epoch = read(path)
    reference = read(reference_path)[:2]
    result = {"epoch": epoch, "correct": correct(model), "tested": len(labels) - TRAINING_ROWS}
    for what, ours in values(model, optimizer).items():
        result[what] = compare(ours, values(*reference)[what])
    # Both go on alike: what is not in the elements, such as options, is in this.
    for training in [(model, optimizer), reference]:
        step(*training, 2 * HALF)
    result["next"] = compare(values(model, optimizer)["parameters"], values(*reference)["parameters"])
    return result


def finish(folder):
    reference = folder / "pytorch-600.pt"
    results = {name: evaluate(folder / f"{name}.pt", reference) for name in ["pytorch-600", "replayed", "trained"]}
    print(json.dumps({"torch": torch.__version__, **results}))


if __name__ == "__main__":
    # One thread: the order of PyTorch's sums must not depend on the machine's load.
    torch.set_num_threads(1)
    {"begin": begin, "finish": finish}[sys.argv[1]](pathlib.Path(sys.argv[2]))
