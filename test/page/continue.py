"""Goes on with a file of the page: continue.py FILE OUT STEPS. Prints JSON: the step, the losses, the last lr."""

import json
import pathlib
import sys
from collections import OrderedDict

import numpy as np
import torch

DATA = pathlib.Path(__file__).parent.parent.parent / "examples" / "digits" / "data"
BATCH_SIZE, STEPS_PER_EPOCH = 50, 30

images = torch.from_numpy(np.fromfile(DATA / "images.u8", "uint8").reshape(-1, 64)).float() / 16
labels = torch.from_numpy(np.fromfile(DATA / "labels.u8", "uint8")).long()
order = torch.from_numpy(np.fromfile(DATA / "perm_train.i32", "<i4")).long()


def read(path):
    checkpoint = torch.load(path)
    model = torch.nn.Sequential(
        OrderedDict(hidden=torch.nn.Linear(64, 24), tanh=torch.nn.Tanh(), output=torch.nn.Linear(24, 10))
    )
    model.load_state_dict(checkpoint["model"])
    optimizer = torch.optim.SGD(model.parameters(), lr=1)
    scheduler = getattr(torch.optim.lr_scheduler, checkpoint["scheduler_name"])(optimizer, T_max=1)
    # The scheduler's constructor has written a learning rate: the optimizer's comes after it.
    optimizer.load_state_dict(checkpoint["optimizer"])
    scheduler.load_state_dict(checkpoint["scheduler"])
    return model, optimizer, scheduler, checkpoint["step"]


def step(model, optimizer, scheduler, number):
    start = number % STEPS_PER_EPOCH * BATCH_SIZE
    rows = order[start : start + BATCH_SIZE]
    optimizer.zero_grad()
    loss = torch.nn.functional.cross_entropy(model(images[rows]), labels[rows])
    loss.backward()
    optimizer.step()
    scheduler.step()
    return loss.item()


def main(path, out, steps):
    torch.set_num_threads(1)
    model, optimizer, scheduler, first = read(path)
    losses = [step(model, optimizer, scheduler, first + i) for i in range(steps)]
    torch.save(
        {
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "scheduler": scheduler.state_dict(),
            "step": first + steps,
        },
        out,
    )
    print(json.dumps({"step": first, "losses": losses, "lr": optimizer.param_groups[0]["lr"]}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
