"""Times convolutions by cuDNN, through PyTorch. Reads a JSON list of problems from standard input, each with batch, elementType (f32
or f16), inChannels, outChannels, size, kernel, stride, pad and groups; prints one JSON object: the device, the version and the seconds
of each. f32 is true fp32 (TF32 off) in NCHW, f16 is channels-last; a plain convolution without bias, replayed by a CUDA graph, the
median of 30 after a warm-up.
"""
import json
import sys
import time

import torch

RUNS = 30
WARM_UP_SECONDS = {'first': 0.5, 'other': 0.05}


def median_seconds(replay, warm_up):
    began = time.time()
    while time.time() - began < warm_up:
        replay()
        torch.cuda.synchronize()
    seconds = []
    for _ in range(RUNS):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        replay()
        end.record()
        torch.cuda.synchronize()
        seconds.append(begin.elapsed_time(end) / 1e3)
    return sorted(seconds)[RUNS // 2]


def graph(work):
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            work()
    torch.cuda.current_stream().wait_stream(side)
    captured = torch.cuda.CUDAGraph()
    with torch.cuda.graph(captured):
        work()
    return captured.replay


def seconds_of(problem, warm_up):
    half = problem['elementType'] == 'f16'
    dtype = torch.float16 if half else torch.float32
    layout = torch.channels_last if half else torch.contiguous_format
    size, kernel, groups = problem['size'], problem['kernel'], problem['groups']

    def tensor(*dims):
        return torch.randn(*dims, device='cuda', dtype=dtype).to(memory_format=layout)

    x = tensor(problem['batch'], problem['inChannels'], size, size)
    w = tensor(problem['outChannels'], problem['inChannels'] // groups, kernel, kernel)
    convolve = lambda: torch.nn.functional.conv2d(x, w, stride=problem['stride'], padding=problem['pad'], groups=groups)
    return median_seconds(graph(convolve), warm_up)


torch.backends.cudnn.benchmark = True
torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
problems = json.load(sys.stdin)
with torch.inference_mode():
    seconds = [seconds_of(problem, WARM_UP_SECONDS['other' if i else 'first']) for i, problem in enumerate(problems)]
print(json.dumps({'device': torch.cuda.get_device_name(), 'version': f'PyTorch {torch.__version__}', 'seconds': seconds}))
