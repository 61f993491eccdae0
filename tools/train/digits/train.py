"""Trains examples/digits: a small residual network on the UCI handwritten digits.

Writes into --out (examples/digits by default):
  digits.onnx          image [N,1,8,8] in 0..1 -> scores [N,10], before any softmax; BatchNormalization kept unfolded
  digit-<class>-<letter>.png  held-out digits, 8x8 grey, never seen in training
  labels.txt           one class a line

    /usr/bin/python3 tools/train/digits/train.py [--out DIR] [--epochs N]

Everything is seeded and runs on one thread, so two runs on one machine write the same bytes.
"""

import argparse
import pathlib

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn import functional as F

SEED = 20
CLASSES = 10
FULL_SCALE = 16.0
SAMPLES = [(digit, "a") for digit in range(CLASSES)] + [(3, "b"), (8, "b")]


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside the identity, or beside a 1x1 convolution where the shape changes."""

    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.project = None
        if stride != 1 or inputs != outputs:
            self.project = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        shortcut = x if self.project is None else self.project(x)
        x = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(x)) + shortcut)


class DigitNet(nn.Module):
    """[N,1,8,8] -> [N,10]: a stem, three residual blocks (the second halves the image), a global average, a linear layer."""

    def __init__(self, width=24):
        super().__init__()
        self.stem = nn.Conv2d(1, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.blocks = nn.Sequential(
            ResidualBlock(width, width), ResidualBlock(width, 2 * width, stride=2), ResidualBlock(2 * width, 2 * width)
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(2 * width, CLASSES)

    def forward(self, image):
        x = self.blocks(F.relu(self.norm(self.stem(image))))
        return self.head(torch.flatten(self.pool(x), 1))


def load_split():
    """Images [n,1,8,8] in 0..1 and classes; a fifth is held out, each class in proportion."""
    digits = load_digits()
    images = (digits.images / FULL_SCALE).astype(np.float32)[:, None]
    parts = train_test_split(images, digits.target, test_size=0.2, random_state=SEED, stratify=digits.target)
    return [torch.from_numpy(part) for part in parts]


def shift(images, generator):
    """Moves each image by up to one pixel along each axis and fills with background."""
    padded = F.pad(images, (1, 1, 1, 1))
    offsets = torch.randint(0, 3, (len(images), 2), generator=generator)
    size = images.shape[-1]
    return torch.stack([image[:, y : y + size, x : x + size] for image, (y, x) in zip(padded, offsets.tolist())])


def train(model, images, classes, epochs, batch=64):
    generator = torch.Generator().manual_seed(SEED)
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=1e-2)
    steps = epochs * ((len(images) + batch - 1) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=4e-3, total_steps=steps)
    model.train()
    for epoch in range(epochs):
        total = 0.0
        for index in torch.randperm(len(images), generator=generator).split(batch):
            loss = F.cross_entropy(model(shift(images[index], generator)), classes[index], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(index)
        if (epoch + 1) % 10 == 0:
            print(f"epoch {epoch + 1}: loss {total / len(images):.4f}")


def export(model, path):
    """PRESERVE keeps BatchNormalization as nodes of its own, where EVAL would fold it into the convolutions."""
    torch.onnx.export(
        model,
        torch.zeros(2, 1, 8, 8),
        str(path),
        opset_version=16,
        training=torch.onnx.TrainingMode.PRESERVE,
        do_constant_folding=False,
        input_names=["image"],
        output_names=["scores"],
        dynamic_axes={"image": {0: "N"}, "scores": {0: "N"}},
    )


def write_samples(images, classes, answers, folder):
    """The first held-out digits of each class that the network reads rightly, as 8-bit grey pictures."""
    for digit, letter in SAMPLES:
        index = torch.nonzero((classes == digit) & (answers == digit))[ord(letter) - ord("a")].item()
        pixels = np.rint(images[index, 0].numpy() * 255).astype(np.uint8)
        Image.fromarray(pixels, mode="L").save(folder / f"digit-{digit}-{letter}.png", optimize=True)


def main():
    here = pathlib.Path(__file__).resolve()
    parser = argparse.ArgumentParser(description="Trains the network of examples/digits.")
    parser.add_argument("--out", type=pathlib.Path, default=here.parents[3] / "examples" / "digits")
    parser.add_argument("--epochs", type=int, default=60)
    options = parser.parse_args()

    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    images, held_out, classes, held_out_classes = load_split()
    model = DigitNet()
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, {len(images)} digits to train, {len(held_out)} held out")
    train(model, images, classes, options.epochs)

    model.eval()
    with torch.no_grad():
        answers = model(held_out).argmax(1)
    right = (answers == held_out_classes).sum().item()
    print(f"held-out accuracy: {right} of {len(held_out)}, {100 * right / len(held_out):.2f} %")

    options.out.mkdir(parents=True, exist_ok=True)
    export(model, options.out / "digits.onnx")
    write_samples(held_out, held_out_classes, answers, options.out)
    (options.out / "labels.txt").write_text("".join(f"{digit}\n" for digit in range(CLASSES)))
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
