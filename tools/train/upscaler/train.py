"""Trains examples/upscaler: a small convolutional network that doubles the size of a photograph.

Writes into --out (examples/upscaler by default):
  upscaler.onnx   image [N,3,height,width] in 0..1 -> upscaled [N,3,2*height,2*width], not clamped
  coffee.png      a part of the held-out photograph, which no training step has seen

The network adds a correction, computed at the small size and rearranged by DepthToSpace (Shi et al., "Real-Time Single
Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural Network", CVPR 2016), to the bicubic
interpolation of the picture.

    /usr/bin/python3 tools/train/upscaler/train.py [--out DIR] [--steps N]

Everything is seeded and runs on one thread, so two runs on one machine write the same bytes.
"""

import argparse
import pathlib

import numpy as np
import torch
from PIL import Image
from skimage import data
from torch import nn
from torch.nn import functional as F

SEED = 20
SCALE = 2
PATCH = 48
BORDER = 4
TRAINING = ["chelsea", "camera", "brick", "grass", "gravel", "rocket"]
HELD_OUT = "coffee"
SAMPLE_BOX = (120, 20, 440, 276)


class Upscaler(nn.Module):
    """[N,3,H,W] -> [N,3,2H,2W]: bicubic interpolation plus what five convolutions of the small picture add to it."""

    def __init__(self, width=24):
        super().__init__()
        self.head = nn.Conv2d(3, width, 5, padding=2)
        self.body = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(3))
        self.tail = nn.Conv2d(width, 3 * SCALE**2, 3, padding=1)

    def forward(self, image):
        x = F.relu(self.head(image))
        for conv in self.body:
            x = F.relu(conv(x))
        bicubic = F.interpolate(image, scale_factor=SCALE, mode="bicubic", align_corners=False)
        return bicubic + F.pixel_shuffle(self.tail(x), SCALE)


def photograph(name):
    """A photograph that scikit-image carries, of even size, as an 8-bit RGB picture."""
    picture = Image.fromarray(getattr(data, name)()).convert("RGB")
    return picture.crop((0, 0, picture.width - picture.width % SCALE, picture.height - picture.height % SCALE))


def pair(picture):
    """The picture and its half, [3,H,W] and [3,H/2,W/2] in 0..1; the half is what Pillow's bicubic filter makes."""
    half = picture.resize((picture.width // SCALE, picture.height // SCALE), Image.BICUBIC)
    return [torch.from_numpy(np.asarray(p, np.float32).transpose(2, 0, 1) / 255) for p in (picture, half)]


def patches(pairs, generator, batch=16):
    """Random parts of random photographs, turned, mirrored and with their colours exchanged at random."""
    large, small = [], []
    for _ in range(batch):
        whole, half = pairs[torch.randint(len(pairs), (1,), generator=generator).item()]
        y = torch.randint(half.shape[1] - PATCH + 1, (1,), generator=generator).item()
        x = torch.randint(half.shape[2] - PATCH + 1, (1,), generator=generator).item()
        turns = torch.randint(4, (1,), generator=generator).item()
        mirror = torch.randint(2, (1,), generator=generator).item()
        colours = torch.randperm(3, generator=generator)
        for source, factor, target in ((whole, SCALE, large), (half, 1, small)):
            part = source[colours, y * factor : (y + PATCH) * factor, x * factor : (x + PATCH) * factor]
            part = torch.rot90(part, turns, (1, 2))
            target.append(part.flip(2) if mirror else part)
    return torch.stack(large), torch.stack(small)


def train(model, pairs, steps):
    generator = torch.Generator().manual_seed(SEED)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=2e-3, total_steps=steps)
    total = 0.0
    for step in range(1, steps + 1):
        large, small = patches(pairs, generator)
        loss = F.l1_loss(model(small), large)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        total += loss.item()
        if step % 250 == 0:
            print(f"step {step}: loss {total / 250:.5f}", flush=True)
            total = 0.0


def psnr(answer, truth):
    """Peak signal-to-noise ratio in dB over all three colours, rounded to 8 bits, without a border of four pixels."""
    inner = slice(BORDER, -BORDER)
    levels = [torch.round(p.clamp(0, 1) * 255)[:, inner, inner] for p in (answer, truth)]
    return 10 * torch.log10(255**2 / torch.mean((levels[0] - levels[1]) ** 2)).item()


def report(model, name, whole, half):
    with torch.no_grad():
        bicubic = F.interpolate(half[None], scale_factor=SCALE, mode="bicubic", align_corners=False)[0]
        ours = model(half[None])[0]
    print(f"{name}: PSNR {psnr(ours, whole):.2f} dB, bicubic interpolation {psnr(bicubic, whole):.2f} dB")


def export(model, path):
    torch.onnx.export(
        model,
        torch.zeros(1, 3, 24, 20),
        str(path),
        opset_version=16,
        input_names=["image"],
        output_names=["upscaled"],
        dynamic_axes={
            "image": {0: "N", 2: "height", 3: "width"},
            "upscaled": {0: "N", 2: "2*height", 3: "2*width"},
        },
    )


def main():
    here = pathlib.Path(__file__).resolve()
    parser = argparse.ArgumentParser(description="Trains the network of examples/upscaler.")
    parser.add_argument("--out", type=pathlib.Path, default=here.parents[3] / "examples" / "upscaler")
    parser.add_argument("--steps", type=int, default=3000)
    options = parser.parse_args()

    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    model = Upscaler()
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, {len(TRAINING)} photographs to train")
    train(model, [pair(photograph(name)) for name in TRAINING], options.steps)

    model.eval()
    held_out = photograph(HELD_OUT)
    report(model, f"{HELD_OUT} (held out)", *pair(held_out))
    sample = held_out.crop(SAMPLE_BOX)
    report(model, f"{HELD_OUT}.png (its part)", *pair(sample))

    options.out.mkdir(parents=True, exist_ok=True)
    export(model, options.out / "upscaler.onnx")
    sample.save(options.out / f"{HELD_OUT}.png", optimize=True)
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
