"""Small PyTorch networks, written as people write them."""

from __future__ import annotations

from tests.extras import extra

extra("torch.nn", "torch")

import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402


class BasicBlock(nn.Module):
    """As in ResNet-18: one ReLU module that runs twice, in place, and an addition in place."""

    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outside)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outside)
        self.downsample = None
        if stride != 1 or inside != outside:
            self.downsample = nn.Sequential(
                nn.Conv2d(inside, outside, 1, stride, bias=False), nn.BatchNorm2d(outside)
            )

    def forward(self, x):
        identity = x if self.downsample is None else self.downsample(x)
        out = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        out += identity
        return self.relu(out)


class ResNet(nn.Module):
    """ResNet-18's eight blocks, with few channels."""

    def __init__(self, widths=(4, 6, 8, 12), classes: int = 5) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, widths[0], 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        inside = widths[0]
        for place, width in enumerate(widths):
            blocks = BasicBlock(inside, width, 2 if place else 1), BasicBlock(width, width, 1)
            setattr(self, f"layer{place + 1}", nn.Sequential(*blocks))
            inside = width
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(inside, classes)

    def maps(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        return self.layer4(self.layer3(self.layer2(self.layer1(x))))

    def forward(self, x):
        return self.fc(torch.flatten(self.avgpool(self.maps(x)), 1))


class Residual(nn.Module):
    """One skip around two convolutions, joined by concatenation; functions in place of modules."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.second = nn.Conv2d(4, 4, 3, padding=1)
        self.third = nn.Conv2d(8, 5, 1)
        self.head = nn.Linear(5, 3)

    def forward(self, x):
        first = functional.relu(self.first(x))
        both = torch.cat([first, torch.tanh(self.second(first))], dim=1)
        return functional.softmax(self.head(self.third(both).mean(dim=(2, 3))), dim=1)


def ended_by(*end: nn.Module, channels: int = 4) -> nn.Sequential:
    """Two convolutions on 12 x 10 pixels and what is given behind them."""
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Conv2d(4, channels, 3), *end
    )


def cnn() -> nn.Sequential:
    return ended_by(nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))


def one_sigmoid() -> nn.Sequential:
    return ended_by(nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 1), nn.Sigmoid())


def flattened() -> nn.Sequential:
    return ended_by(nn.Tanh(), nn.Flatten(), nn.Linear(4 * 3 * 2, 3), nn.LogSoftmax(dim=1))


def multi_label() -> nn.Sequential:
    return ended_by(nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3), nn.Sigmoid())


def regression() -> nn.Sequential:
    return ended_by(nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 1))


def settled(network: nn.Module, side: int = 64) -> nn.Module:
    """The network with statistics of batch normalisation that noise has left."""
    generator = torch.Generator().manual_seed(5)
    network.train()
    with torch.no_grad():
        for _ in range(2):
            network(torch.randn(4, 3, side, side, generator=generator))
    return network.eval()
