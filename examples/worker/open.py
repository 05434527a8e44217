"""Opens a user's model.pt with PyTorch: counts the test digits that it knows, and goes on training from there.

    open.py FILE
"""

import pathlib
import sys

import numpy as np
import torch

DATA = pathlib.Path(__file__).parent.parent / "digits" / "data"
TRAINING_ROWS = 1500

images = torch.from_numpy(np.fromfile(DATA / "images.u8", "uint8").reshape(-1, 64)).float() / 16
labels = torch.from_numpy(np.fromfile(DATA / "labels.u8", "uint8")).long()

checkpoint = torch.load(sys.argv[1])
model = torch.nn.Linear(64, 10)
model.load_state_dict(checkpoint["model"])
optimizer = torch.optim.SGD(model.parameters(), lr=1)
optimizer.load_state_dict(checkpoint["optimizer"])


def loss():
    return torch.nn.functional.cross_entropy(model(images[:TRAINING_ROWS]), labels[:TRAINING_ROWS])


right = (model(images[TRAINING_ROWS:]).argmax(1) == labels[TRAINING_ROWS:]).sum()
before = loss()
for _ in range(10):
    optimizer.zero_grad()
    loss().backward()
    optimizer.step()
print(
    f"PyTorch {torch.__version__}: {right} of {len(labels) - TRAINING_ROWS} after {checkpoint['steps']} steps, "
    f"and goes on: loss {before:.3f}, {loss():.3f} after 10 steps more"
)
