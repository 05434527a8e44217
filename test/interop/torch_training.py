"""What surrounds a step, between PyTorch 1.13 and this package, both ways: schedulers, averages, with their optimizers.

    npm run build && /usr/bin/python3 test/interop/torch_training.py

1. PyTorch trains a little, saves, and writes down the learning rates and momenta of the steps that follow.
2. torch_training.ts loads that, goes on, compares; and writes the same of its own.
3. PyTorch loads that, goes on, compares.
"""

import copy
import pathlib
import subprocess
import tempfile
import warnings

import torch
import torch.optim.lr_scheduler as lr_scheduler
import torch.optim.swa_utils as swa_utils

HERE = pathlib.Path(__file__).parent
SCHEDULERS = {
    "MultiStepLR": lambda o: lr_scheduler.MultiStepLR(o, [2, 4, 9]),
    "CosineAnnealingLR": lambda o: lr_scheduler.CosineAnnealingLR(o, 10),
    "CosineAnnealingWarmRestarts": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 3, 2),
    "OneCycleLR": lambda o: lr_scheduler.OneCycleLR(o, 0.5, 30),
    "CyclicLR": lambda o: lr_scheduler.CyclicLR(o, 0.01, 0.1, 4),
    "ReduceLROnPlateau": lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=0),
    "SequentialLR": lambda o: lr_scheduler.SequentialLR(
        o, [lr_scheduler.ConstantLR(o), lr_scheduler.ExponentialLR(o, 0.9)], [3]
    ),
}


def start(name, lr):
    parameter = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    optimizer = torch.optim.SGD([parameter], lr=lr, momentum=0.9)
    return parameter, optimizer, SCHEDULERS[name](optimizer)


def train(name, parameter, optimizer, scheduler, steps):
    rows = []
    for _ in range(steps):
        parameter.grad = torch.ones(2)
        optimizer.step()
        scheduler.step(*([1.0] if name == "ReduceLROnPlateau" else []))
        rows.append([float(optimizer.param_groups[0][key]) for key in ("lr", "momentum")])
    return rows


def saved(name):
    training = start(name, 0.1)
    train(name, *training, 5)
    _, optimizer, scheduler = training
    # A weak reference cannot be pickled, and a bound method would bring its whole optimizer along.
    state = {k: v for k, v in scheduler.state_dict().items() if k not in ("_scale_fn_ref", "anneal_func")}
    content = copy.deepcopy({"optimizer": optimizer.state_dict(), "scheduler": state})
    return {**content, "rows": train(name, *training, 8)}


def check_loaded(name, content):
    parameter, optimizer, scheduler = start(name, 9.0)
    optimizer.load_state_dict(content["optimizer"])
    scheduler.load_state_dict(content["scheduler"])
    rows = train(name, parameter, optimizer, scheduler, 8)
    if rows != content["rows"]:
        raise AssertionError(f"{name}: {rows} is not {content['rows']}")


def saved_average(model):
    average = swa_utils.AveragedModel(model)
    for value in (1.0, 2.0, 4.0):
        with torch.no_grad():
            model.weight.fill_(value)
        average.update_parameters(model)
    return average.state_dict()


def check_average(model, state, weight):
    average = swa_utils.AveragedModel(model)
    average.load_state_dict(state)
    if average.module.weight.detach().flatten().tolist() != weight or int(average.n_averaged) != 2:
        raise AssertionError("the average is another")


def main():
    warnings.simplefilter("ignore")
    model = torch.nn.Linear(2, 2)
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = f"{folder}/torch.pt", f"{folder}/javascript.pt"
        torch.save({**{name: saved(name) for name in SCHEDULERS}, "average": saved_average(model)}, ours)
        subprocess.run(["npx", "tsx", str(HERE / "torch_training.ts"), ours, theirs], check=True)
        content = torch.load(theirs)
    for name in SCHEDULERS:
        check_loaded(name, content[name])
    check_average(model, content["average"], content["weight"])
    print(f"{len(SCHEDULERS)} schedulers and an average went on in both directions")


main()
