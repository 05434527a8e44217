"""Values that checkpoints may hold, nested at random."""

import random
from collections import Counter, OrderedDict, defaultdict

import numpy
import torch

DTYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8]
DTYPES += [torch.uint8, torch.bool, torch.complex64, torch.complex128]
SCALARS = [numpy.float64, numpy.float32, numpy.float16, numpy.int64, numpy.int8, numpy.uint64, numpy.bool_, numpy.complex128]
TEXTS = ["", "0", "7", "10", "01", "-1", "state", "params", "__proto__", "constructor", "é", "🎉", "\ud800", "a.b"]


def random_values(count, seed):
    choice = random.Random(seed)
    torch.manual_seed(seed)
    return [value(choice, 4) for _ in range(count)]


def value(choice, depth):
    kinds = [atom, atom, tensor, array]
    if depth > 0:
        kinds += [sequence, mapping, mapping, mapping, collection]
    return choice.choice(kinds)(choice, depth - 1)


def integer(choice):
    return choice.randrange(-(2 ** choice.choice([3, 8, 16, 31, 53, 54, 64, 100])), 2 ** choice.choice([3, 8, 31, 53, 64, 100]))


def number(choice):
    return choice.choice([0.0, -0.0, 1.0, -2.0, 0.1, 1e300, 5e-324, float("inf"), float("nan"), choice.random()])


def octets(choice):
    return choice.randbytes(choice.choice([0, 1, 5, 300]))


def atom(choice, _):
    scalar = choice.choice(SCALARS)
    made = [
        lambda: None,
        lambda: choice.random() < 0.5,
        lambda: integer(choice),
        lambda: number(choice),
        lambda: choice.choice(TEXTS) * choice.choice([1, 1, 100]),
        lambda: octets(choice),
        lambda: bytearray(octets(choice)),
        lambda: complex(choice.random(), -0.0),
        lambda: choice.choice([torch.device("cuda", 1), torch.device("cpu"), torch.bfloat16]),
        lambda: torch.Size([2, 3]),
        lambda: scalar(choice.randrange(2)),
    ]
    return choice.choice(made)()


def tensor(choice, _):
    made = (torch.randn(3, 4) * 3).to(choice.choice(DTYPES))
    views = [made, made.t(), made[1:, ::2], made[0], made[:0], made[1, 2], made.expand(2, 3, 4)]
    return choice.choice(views)


def array(choice, _):
    made = numpy.arange(6).astype(choice.choice(["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u1", "?", "c8", "c16"]))
    return choice.choice([made, made.reshape(2, 3), numpy.asfortranarray(made.reshape(2, 3)), made[::2], made[0:0]])


def sequence(choice, depth):
    made = [value(choice, depth) for _ in range(choice.randrange(5))]
    return choice.choice([list, tuple])(made)


def key(choice):
    made = [choice.choice(TEXTS), choice.choice(TEXTS), integer(choice), choice.randrange(5), 0.5, None, True, octets(choice)]
    return choice.choice([*made, (choice.randrange(3), choice.choice(TEXTS)), numpy.int64(choice.randrange(9))])


def mapping(choice, depth):
    keys = [key(choice) for _ in range(choice.randrange(6))]
    if choice.random() < 0.5:
        keys = [choice.choice(TEXTS) for _ in keys]
    made = {k: value(choice, depth) for k in keys}
    if choice.random() < 0.1:
        return Counter({k: choice.randrange(3) for k in keys})
    return choice.choice([made, made, OrderedDict(made), defaultdict(list, made)])


def collection(choice, _):
    return choice.choice([set, frozenset])(key(choice) for _ in range(choice.randrange(4)))
