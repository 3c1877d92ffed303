"""Writes the golden files beside it: what PyTorch computes, in double precision, for networks with formula weights.

    /usr/bin/python3 test/goldens/make_goldens.py [FILE.json ...]    (torch and torchvision; all take ten minutes on one core)

A tensor is kept as its size, its greatest magnitude, sixteen elements and two random projections (see formula_weights.py).
`float32Error` is a yardstick, not a bound: max|Δ| / max|float64| of PyTorch's own float32 run of the same network.
`kinkMargin` says how far the batch keeps from the kinks of ReLU and max pooling, in standard deviations of that run's error:
on the other side of a kink a gradient is another one, and no float32 network could be held to it. `--search N` tries the
batches 0 … N−1 of each network and prints the margins, best first; NETWORKS names the ones chosen.
"""

import json
import pathlib
import sys

import numpy as np
import torch
import torchvision
from torch import nn
from torch.nn import functional
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

import formula_weights as formula

BLOCKS = {
    "resnet18": (BasicBlock, [2, 2, 2, 2]),
    "resnet34": (BasicBlock, [3, 4, 6, 3]),
    "resnet50": (Bottleneck, [3, 4, 6, 3]),
}
SAMPLES = 16
LABEL_SMOOTHING = 0.1
HERE = pathlib.Path(__file__).parent

# Sizes leave at least eight values a channel to every batch norm: with fewer, gradients are too ill-conditioned for float32.
# `step` names the batch of formula images.
NETWORKS = [
    {"arch": "resnet18", "head": "linear", "classes": 9, "size": 64, "batch": 4, "step": 7},
    {"arch": "resnet18", "head": "concat", "classes": 3, "size": 36, "batch": 8, "step": 19},
    {"arch": "resnet34", "head": "linear", "classes": 9, "size": 64, "batch": 4, "step": 24},
    {"arch": "resnet50", "head": "linear", "classes": 9, "size": 36, "batch": 4, "step": 33},
]
TRAINING = {"arch": "resnet18", "head": "linear", "classes": 9, "size": 32, "batch": 8, "step": 4}
OPTIMIZERS = {
    "adamw": {"lr": 1e-4, "betas": [0.9, 0.99], "eps": 1e-5, "weightDecay": 0.01},
    "sgd": {"lr": 1e-3, "momentum": 0.9, "weightDecay": 0.01},
}
TRAINING_STEPS = 3
# Twenty steps over four batches in turn, in which the loss falls by half. Rates are low enough for the trajectory to be well conditioned: at
# five times that of SGD, PyTorch's own float32 run leaves its float64 one by 1.4e-3 in the loss, and nothing could be held to it.
TRAJECTORY = {"head": "linear", "classes": 9, "size": 64, "batch": 8, "step": 4, "batches": 4}
TRAJECTORY_RATES = {"adamw": 1e-5, "sgd": 2e-4}
TRAJECTORY_STEPS = 20
# What Grad-CAM weighs: maps of these stages, and the gradient of this class's logit with respect to them, in evaluation mode.
FEATURES = {"layers": ["layer2", "layer3", "layer4"], "label": 1, "arch": "resnet18", "size": 32, "batch": 1}
FEATURE_NETWORKS = [
    {**FEATURES, "head": "linear", "classes": 9, "step": 20},
    {**FEATURES, "head": "concat", "classes": 3, "step": 9},
]
TRAINED = ["conv1.weight", "bn1.weight", "bn1.bias", "layer2.0.downsample.0.weight", "layer4.1.conv2.weight", "fc.weight", "fc.bias"]


class ConcatHead(nn.Module):
    """fastai's head on a feature map, dropout left out: its mask is random, so no golden can hold it."""

    def __init__(self, features: int, classes: int):
        super().__init__()
        self.maxpool = nn.AdaptiveMaxPool2d(1)
        self.bn1 = nn.BatchNorm1d(2 * features)
        self.fc1 = nn.Linear(2 * features, 512, bias=False)
        self.relu = nn.ReLU()
        self.bn2 = nn.BatchNorm1d(512)
        self.fc2 = nn.Linear(512, classes, bias=False)

    def forward(self, x):
        pooled = torch.cat([self.maxpool(x), functional.adaptive_avg_pool2d(x, 1)], 1).flatten(1)
        return self.fc2(self.bn2(self.relu(self.fc1(self.bn1(pooled)))))


class ConcatResNet(ResNet):
    def __init__(self, block, layers, classes: int):
        super().__init__(block, layers)
        self.head = ConcatHead(self.fc.in_features, classes)
        self.avgpool = nn.Identity()
        del self.fc

    def _forward_impl(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        return self.head(self.layer4(self.layer3(self.layer2(self.layer1(x)))))


def build(config: dict, dtype: torch.dtype) -> ResNet:
    """The network with its formula weights and running statistics."""
    block, layers = BLOCKS[config["arch"]]
    if config["head"] == "concat":
        model = ConcatResNet(block, layers, config["classes"])
    else:
        model = ResNet(block, layers, num_classes=config["classes"])
    model = model.to(dtype)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if not name.endswith("num_batches_tracked"):
                tensor.copy_(torch.from_numpy(formula.parameter(name, tuple(tensor.shape))))
    return model


def batch(config: dict, step: int, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    images = formula.images(step, config["batch"], config["size"])
    labels = formula.labels(step, config["batch"], config["classes"])
    return torch.from_numpy(images).to(dtype), torch.from_numpy(labels)


def loss_of(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(logits, labels, label_smoothing=LABEL_SMOOTHING)


def kink_distances(module: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """What must keep its sign for the gradient to stay: inputs of a ReLU, leads of a window's greatest value over its second."""
    if isinstance(module, nn.ReLU):
        return x.clone()
    if isinstance(module, nn.AdaptiveMaxPool2d):
        windows = x.flatten(2)
        if windows.shape[-1] == 1:
            return torch.ones_like(windows)
    else:
        windows = functional.unfold(x.reshape(-1, 1, *x.shape[2:]), 3, padding=1, stride=2).transpose(1, 2)
    first, second = windows.topk(2).values.unbind(-1)
    # In a window of zeros any choice will do: the ReLU before lets no gradient through.
    return torch.where(first > 0, first - second, torch.ones_like(first))


def record_kinks(model: nn.Module) -> list[torch.Tensor]:
    """A list that every forward pass of `model` will append its distances to."""
    kept: list[torch.Tensor] = []
    for module in model.modules():
        if isinstance(module, (nn.ReLU, nn.MaxPool2d, nn.AdaptiveMaxPool2d)):
            module.register_forward_pre_hook(lambda m, x: kept.append(kink_distances(m, x[0].detach()).double()))
    return kept


def kink_margin(exact: list[torch.Tensor], single: list[torch.Tensor]) -> float:
    """The smallest distance from a kink, in standard deviations of its layer's float32 error."""
    return round(min(float(e.abs().min() / (s - e).pow(2).mean().sqrt()) for e, s in zip(exact, single)), 1)


def network_margin(config: dict) -> float:
    kinks = []
    for dtype in (torch.float64, torch.float32):
        model = build(config, dtype).train()
        kinks.append(record_kinks(model))
        with torch.no_grad():
            model(batch(config, config["step"], dtype)[0])
    return kink_margin(*kinks)


def training_pass(config: dict, dtype: torch.dtype) -> dict:
    """One forward and backward in training mode, and the evaluation logits from the untouched running statistics."""
    model = build(config, dtype)
    images, labels = batch(config, config["step"], dtype)
    with torch.no_grad():
        evaluation = model.eval()(images)
    logits = model.train()(images)
    loss = loss_of(logits, labels)
    loss.backward()
    return {
        "loss": loss.detach(),
        "logits": logits.detach(),
        "evaluationLogits": evaluation,
        "gradients": {name: p.grad for name, p in model.named_parameters()},
        "running": {name: b for name, b in model.named_buffers() if b.is_floating_point()},
    }


def feature_pass(config: dict, dtype: torch.dtype) -> tuple[torch.Tensor, dict, dict, list[torch.Tensor]]:
    """Logits, and each layer's maps and their gradients as [h, w, channels], with kinks from the first layer on."""
    model = build(config, dtype).eval()
    kinks = record_kinks(model)
    maps = {}
    for layer in config["layers"]:
        getattr(model, layer).register_forward_hook(lambda m, x, y, layer=layer: maps.update({layer: y}))
    logits = model(batch(config, config["step"], dtype)[0])
    gradients = torch.autograd.grad(logits[0, config["label"]], [maps[layer] for layer in config["layers"]])
    nhwc = lambda tensor: tensor.detach()[0].permute(1, 2, 0).contiguous()
    return logits.detach(), {k: nhwc(v) for k, v in maps.items()}, dict(zip(config["layers"], map(nhwc, gradients))), kinks


def feature_golden(config: dict) -> dict:
    logits, maps, gradients, kinks = feature_pass(config, torch.float64)
    logits32, maps32, gradients32, kinks32 = feature_pass(config, torch.float32)
    return {
        "source": f"PyTorch {torch.__version__}, torchvision {torchvision.__version__}, float64",
        **config,
        "kinkMargin": kink_margin(kinks, kinks32),
        "logits": whole(logits, logits32),
        "activations": summaries(maps, maps32),
        "gradients": summaries(gradients, gradients32),
    }


def array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().double().numpy().ravel()


def digits(values) -> list[float]:
    return [float(f"{v:.13g}") for v in values]


def relative_error(tensor: torch.Tensor, exact: torch.Tensor) -> float:
    a, b = array(tensor), array(exact)
    return float(f"{np.abs(a - b).max() / np.abs(b).max():.2g}")


def summary(name: str, tensor: torch.Tensor, single: torch.Tensor) -> dict:
    values = array(tensor)
    projections = [values @ formula.projection(name, k, values.size) for k in range(2)]
    return {
        "size": values.size,
        "max": digits([np.abs(values).max()])[0],
        "values": digits(values[formula.sample_indices(name, values.size, SAMPLES)]),
        "projections": digits(projections),
        "float32Error": relative_error(single, tensor),
    }


def summaries(tensors: dict, singles: dict) -> dict:
    return {name: summary(name, tensor, singles[name]) for name, tensor in tensors.items()}


def whole(tensor: torch.Tensor, single: torch.Tensor) -> dict:
    return {"values": digits(array(tensor)), "float32Error": relative_error(single, tensor)}


def network_golden(config: dict) -> dict:
    exact, single = training_pass(config, torch.float64), training_pass(config, torch.float32)
    return {
        "source": f"PyTorch {torch.__version__}, torchvision {torchvision.__version__}, float64",
        **config,
        "labelSmoothing": LABEL_SMOOTHING,
        "kinkMargin": network_margin(config),
        "loss": whole(exact["loss"], single["loss"]),
        "logits": whole(exact["logits"], single["logits"]),
        "evaluationLogits": whole(exact["evaluationLogits"], single["evaluationLogits"]),
        "gradients": summaries(exact["gradients"], single["gradients"]),
        "running": summaries(exact["running"], single["running"]),
    }


def optimizer(name: str, model: nn.Module, lr: float) -> torch.optim.Optimizer:
    """No weight decay on batch norms and biases, as fastai."""
    o = OPTIMIZERS[name]
    parameters = list(model.parameters())
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": o["weightDecay"]},
        {"params": [p for p in parameters if p.ndim == 1], "weight_decay": 0.0},
    ]
    if name == "adamw":
        return torch.optim.AdamW(groups, lr=lr, betas=tuple(o["betas"]), eps=o["eps"])
    return torch.optim.SGD(groups, lr=lr, momentum=o["momentum"])


def train(config: dict, name: str, dtype: torch.dtype) -> tuple[torch.Tensor, dict, list[torch.Tensor]]:
    """Losses before each step and after the last, each on that step's batch, some of the parameters at the end, and kinks."""
    model = build(config, dtype).train()
    kinks = record_kinks(model)
    steps = optimizer(name, model, OPTIMIZERS[name]["lr"])
    losses = []
    for step in range(TRAINING_STEPS + 1):
        images, labels = batch(config, config["step"] + step, dtype)
        loss = loss_of(model(images), labels)
        losses.append(loss.detach())
        if step == TRAINING_STEPS:
            break
        steps.zero_grad()
        loss.backward()
        steps.step()
    parameters = dict(model.named_parameters())
    return torch.stack(losses), {key: parameters[key] for key in TRAINED}, kinks


def training_golden(config: dict, name: str) -> dict:
    losses, parameters, kinks = train(config, name, torch.float64)
    losses32, parameters32, kinks32 = train(config, name, torch.float32)
    return {
        "source": f"PyTorch {torch.__version__}, torchvision {torchvision.__version__}, float64",
        **config,
        "labelSmoothing": LABEL_SMOOTHING,
        "optimizer": name,
        **OPTIMIZERS[name],
        "steps": TRAINING_STEPS,
        "kinkMargin": kink_margin(kinks, kinks32),
        "losses": whole(losses, losses32),
        "parameters": summaries(parameters, parameters32),
    }


def trajectory(config: dict, name: str, dtype: torch.dtype) -> tuple[torch.Tensor, dict]:
    """Losses before each step and after the last, and all parameters and running statistics at the end."""
    model = build(config, dtype).train()
    steps = optimizer(name, model, TRAJECTORY_RATES[name])
    batches = [batch(config, config["step"] + i, dtype) for i in range(config["batches"])]
    losses = []
    for step in range(TRAJECTORY_STEPS + 1):
        images, labels = batches[step % len(batches)]
        loss = loss_of(model(images), labels)
        losses.append(loss.detach())
        if step == TRAJECTORY_STEPS:
            break
        steps.zero_grad()
        loss.backward()
        steps.step()
    return torch.stack(losses), {key: v.detach() for key, v in model.state_dict().items() if v.is_floating_point()}


def digest(name: str, tensor: torch.Tensor, single: torch.Tensor) -> dict:
    """A summary in half the space, for many tensors, with the tensor's norm."""
    values = array(tensor)
    projections = [values @ formula.projection(name, k, values.size) for k in range(2)]
    short = lambda numbers: [float(f"{v:.9g}") for v in numbers]
    return {
        "size": values.size,
        "max": short([np.abs(values).max()])[0],
        "norm": short([np.linalg.norm(values)])[0],
        "values": short(values[formula.sample_indices(name, values.size, 8)]),
        "projections": short(projections),
        "float32Error": relative_error(single, tensor),
        "float32NormError": float(f"{np.linalg.norm(array(single) - values) / np.linalg.norm(values):.2g}"),
    }


def trajectory_golden(config: dict, name: str) -> dict:
    losses, final = trajectory(config, name, torch.float64)
    losses32, final32 = trajectory(config, name, torch.float32)
    return {
        "source": f"PyTorch {torch.__version__}, torchvision {torchvision.__version__}, float64",
        **config,
        "labelSmoothing": LABEL_SMOOTHING,
        "optimizer": name,
        **OPTIMIZERS[name],
        "lr": TRAJECTORY_RATES[name],
        "steps": TRAJECTORY_STEPS,
        "losses": whole(losses, losses32),
        "final": {key: digest(key, tensor, final32[key]) for key, tensor in final.items()},
    }


def write(file: str, golden: dict) -> None:
    """One line a tensor: small, and a change shows in a diff."""
    lines = []
    for key, value in golden.items():
        if isinstance(value, dict) and all(isinstance(v, dict) for v in value.values()):
            inner = ",\n".join(f'    "{k}": {json.dumps(v, separators=(",", ":"))}' for k, v in value.items())
            lines.append(f'  "{key}": {{\n{inner}\n  }}')
        else:
            lines.append(f'  "{key}": {json.dumps(value)}')
    (HERE / file).write_text("{\n" + ",\n".join(lines) + "\n}\n")
    worst = {k: max(v["float32Error"] for v in golden[k].values()) for k in ("gradients", "parameters", "final") if k in golden}
    print(file, {k: golden[k]["float32Error"] for k in ("logits", "losses") if k in golden}, worst)


def search(steps: int) -> None:
    for config in NETWORKS:
        margins = [(network_margin({**config, "step": step}), step) for step in range(steps)]
        print(config["arch"], config["head"], "(margin, step):", sorted(margins, reverse=True)[:5], flush=True)
    margins = []
    for step in range(steps):
        golden = [training_golden({**TRAINING, "step": step}, name) for name in OPTIMIZERS]
        margins.append((min(g["kinkMargin"] for g in golden), step))
    print("training (margin, step):", sorted(margins, reverse=True)[:5], flush=True)


def main(chosen: list[str]) -> None:
    makers = {}
    for config in NETWORKS:
        makers[f"{config['arch']}-{config['head']}.json"] = lambda config=config: network_golden(config)
    for config in FEATURE_NETWORKS:
        makers[f"{config['arch']}-{config['head']}-features.json"] = lambda config=config: feature_golden(config)
    for name in OPTIMIZERS:
        makers[f"{TRAINING['arch']}-{name}.json"] = lambda name=name: training_golden(TRAINING, name)
        for arch in ("resnet18", "resnet50"):
            config = {"arch": arch, **TRAJECTORY}
            makers[f"{arch}-{name}-trajectory.json"] = lambda config=config, name=name: trajectory_golden(config, name)
    for file in chosen or makers:
        write(file, makers[file]())


if __name__ == "__main__":
    if sys.argv[1:2] == ["--search"]:
        search(int(sys.argv[2]))
    else:
        main(sys.argv[1:])
