"""Small PyTorch networks that see a picture as a sequence of tokens."""

from __future__ import annotations

from tests.extras import extra

extra("torch.nn", "torch")

import torch  # noqa: E402
from torch import nn  # noqa: E402

HEIGHT, WIDTH, PATCH, CHANNELS = 16, 24, 4, 8
ROWS, COLUMNS = HEIGHT // PATCH, WIDTH // PATCH
SHAPE = (HEIGHT, WIDTH, 3)


class Block(nn.Module):
    """Pre-norm: attention of two heads, by PyTorch's own function or written out, and an MLP."""

    def __init__(self, written_out: bool) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(CHANNELS), nn.LayerNorm(CHANNELS)
        self.qkv, self.proj = nn.Linear(CHANNELS, 3 * CHANNELS), nn.Linear(CHANNELS, CHANNELS)
        self.mlp = nn.Sequential(nn.Linear(CHANNELS, 12), nn.GELU(), nn.Linear(12, CHANNELS))
        self.written_out = written_out

    def attended(self, x):
        count = x.shape[1]
        qkv = self.qkv(x).reshape(-1, count, 3, 2, CHANNELS // 2).permute(2, 0, 3, 1, 4)
        queries, keys, values = qkv.unbind(0)
        if self.written_out:
            mixed = torch.softmax(queries @ keys.transpose(2, 3), dim=-1) @ values
        else:
            mixed = nn.functional.scaled_dot_product_attention(queries, keys, values)
        return self.proj(mixed.transpose(1, 2).reshape(-1, count, CHANNELS))

    def forward(self, x):
        x = x + self.attended(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Transformer(nn.Module):
    """Patches, tokens in front, two blocks, and a head on the class token or on the mean."""

    def __init__(self, *, prefix: int = 0, class_token: bool = False, written_out: bool = False):
        super().__init__()
        self.patches = nn.Conv2d(3, CHANNELS, PATCH, PATCH)
        count = ROWS * COLUMNS + prefix
        self.prefix = nn.Parameter(torch.randn(1, prefix, CHANNELS)) if prefix else None
        self.positions = nn.Parameter(torch.randn(1, count, CHANNELS))
        self.blocks = nn.Sequential(Block(written_out), Block(written_out))
        self.norm, self.head = nn.LayerNorm(CHANNELS), nn.Linear(CHANNELS, 4)
        self.class_token = class_token

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        if self.prefix is not None:
            x = torch.cat([self.prefix.expand(x.shape[0], -1, -1), x], dim=1)
        x = self.norm(self.blocks(x + self.positions))
        return self.head(x[:, 0] if self.class_token else x.mean(1))


class Windows(nn.Module):
    """One block of windows of 2 x 2 tokens, moved by one as Swin's are, and a merging of four."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, CHANNELS, PATCH, PATCH)
        self.norm, self.inner = nn.LayerNorm(CHANNELS), nn.Linear(CHANNELS, CHANNELS)
        self.back, self.merge = nn.Identity(), nn.Linear(4 * CHANNELS, CHANNELS)
        self.head = nn.Linear(CHANNELS, 4)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        count = x.shape[0]
        maps = self.norm(x).reshape(-1, ROWS, COLUMNS, CHANNELS).roll((-1, -1), (1, 2))
        maps = maps.reshape(-1, ROWS // 2, 2, COLUMNS // 2, 2, CHANNELS).permute(0, 1, 3, 2, 4, 5)
        maps = self.inner(maps.reshape(-1, 4, CHANNELS))
        maps = maps.reshape(-1, ROWS // 2, COLUMNS // 2, 2, 2, CHANNELS).permute(0, 1, 3, 2, 4, 5)
        maps = self.back(maps.reshape(count, ROWS, COLUMNS, CHANNELS).roll((1, 1), (1, 2)))
        maps = torch.cat([maps[:, a::2, b::2] for b in (0, 1) for a in (0, 1)], dim=-1)
        return self.head(torch.tanh(self.merge(maps).flatten(1, 2)).mean(1))


KINDS = {
    "pooled": {},
    "written out": {"written_out": True},
    "class token": {"prefix": 1, "class_token": True},
    "class token and registers": {"prefix": 5, "class_token": True, "written_out": True},
    "pooled with registers": {"prefix": 3},
}


def transformer(kind: str) -> nn.Module:
    """One of `KINDS`, always with the same weights."""
    torch.manual_seed(5)
    return Transformer(**KINDS[kind]).eval()
