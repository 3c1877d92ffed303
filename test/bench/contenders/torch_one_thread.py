"""PyTorch on one CPU thread, speaking as contend.ts does: a line when ready, then one for every turn asked for on stdin."""

import json
import sys
import time
from pathlib import Path

started = time.perf_counter()
sys.path.insert(0, str(Path(__file__).parents[2] / "goldens"))

import torch  # noqa: E402
import torchvision  # noqa: E402
from formula_weights import images, labels, parameter  # noqa: E402

workload, classes, adam, proven_steps, mark = json.loads(sys.argv[1])
batch, size, training = workload["batch"], workload["size"], workload["mode"] == "train"
torch.set_num_threads(1)


def say(message: dict) -> None:
    print(mark + json.dumps(message), flush=True)


model = getattr(torchvision.models, workload["arch"])(num_classes=classes)
with torch.no_grad():
    for name, tensor in model.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            tensor.copy_(torch.from_numpy(parameter(name, tuple(tensor.shape))))
model.train(training)
x = torch.from_numpy(images(0, batch, size)).float()
y = torch.from_numpy(labels(0, batch, classes))
betas = (adam["beta1"], adam["beta2"])
optimizer = torch.optim.Adam(model.parameters(), lr=adam["rate"], betas=betas, eps=adam["epsilon"])


def train() -> list[float]:
    optimizer.zero_grad()
    loss = torch.nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    return [loss.item()]


def infer() -> list[float]:
    with torch.inference_mode():
        return model(x).flatten().tolist()


run = train if training else infer
values = run()
first_result_ms = (time.perf_counter() - started) * 1000
if training:
    while len(values) < proven_steps:
        values += run()
else:
    run()
parameters = sum(p.numel() for p in model.parameters())
device = f"PyTorch {torch.__version__}, CPU, one thread"
say({"device": device, "parameters": parameters, "compileMs": None, "firstResultMs": first_result_ms, "values": values})

for line in sys.stdin:
    seconds = json.loads(line)["seconds"]
    ms = []
    begun = time.perf_counter()
    while not ms or time.perf_counter() - begun < seconds:
        before = time.perf_counter()
        run()
        ms.append((time.perf_counter() - before) * 1000)
    say({"ms": ms, "submitMs": []})
