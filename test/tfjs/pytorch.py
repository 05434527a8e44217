"""PyTorch's half of pytorch.mjs: takes the steps that are in the file, and compares the parameters bit by bit.

    pytorch.py FILE
"""

import sys

import torch

saved = torch.load(sys.argv[1])
parameters = {name: torch.nn.Parameter(tensor) for name, tensor in saved["model"].items()}
groups = saved["optimizer"]["param_groups"]
optimizer = torch.optim.SGD([{"params": [parameters[name] for name in group["param_names"]]} for group in groups], lr=1)
optimizer.load_state_dict(saved["optimizer"])
for gradients in saved["gradients"]:
    for name, parameter in parameters.items():
        parameter.grad = gradients[name]
    optimizer.step()
wrong = [
    name
    for name, parameter in parameters.items()
    if not torch.equal(parameter.detach().view(torch.int32), saved["after"][name].view(torch.int32))
]
if wrong:
    sys.exit(f"other bits than PyTorch {torch.__version__}: {wrong}")
elements = sum(parameter.numel() for parameter in parameters.values())
print(f"{elements} elements of {len(parameters)} variables have the bits of PyTorch {torch.__version__}")
