"""Where a tensor lies in the picture, of networks that turn, cut and mix it."""

from __future__ import annotations

import pytest

from tests.extras import extra

extra("torch.nn", "torch")

import torch  # noqa: E402
from torch import nn  # noqa: E402

from camcore.models.torch.classifier import TorchClassifier  # noqa: E402


class Through(nn.Module):
    """A convolution on what a function makes of the picture, and another behind it."""

    def __init__(self, first, second=lambda x: x):
        super().__init__()
        self.first, self.second = first, second
        self.conv, self.seen, self.late = nn.Conv2d(3, 6, 3, padding=1), nn.Identity(), nn.ReLU()
        self.head = nn.Linear(6, 2)

    def forward(self, x):
        maps = self.late(self.seen(self.second(self.conv(self.first(x)))))
        axes = [axis for axis in (1, 2, 3) if maps.shape[axis] != 6]
        return self.head(maps.mean(axes))


def classifier(first, second=lambda x: x):
    torch.manual_seed(0)
    return TorchClassifier(Through(first, second), preprocessing="0-1", input_size=(24, 32))


@pytest.mark.parametrize(
    "second",
    [lambda x: x.permute(0, 2, 3, 1), lambda x: x.permute(0, 3, 2, 1), lambda x: x.flip(2, 3)],
)
def test_axes_in_any_order_are_rows_columns_and_channels(second, images):
    turned, plain = classifier(lambda x: x, second), classifier(lambda x: x)
    batch = images(2, (24, 32, 3))
    expected = plain.forward(batch, "late").activations
    activations = turned.forward(batch, "late").activations
    assert activations.shape == (2, 24, 32, 6)
    assert abs(activations - expected).max() < 1e-6
    answered = turned.head(batch[:1], "late")(activations[:1])
    assert abs(answered - plain.scores(batch[:1])[0]).max() < 1e-5


def test_a_map_of_a_part_of_the_picture_lies_on_that_part():
    cut = classifier(lambda x: x[:, :, 4:20, 7:29])
    frame = next(layer.frame for layer in cut.layers if layer.name == "late")
    assert (frame.x0, frame.y0, frame.x1, frame.y1) == (7, 4, 29, 20)


def test_attention_between_tokens_is_no_map():
    class Attending(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.scores = nn.Conv2d(3, 8, 4, 4), nn.Softmax(dim=-1)
            self.head = nn.Linear(8, 2)

        def forward(self, x):
            tokens = self.conv(x).flatten(2).transpose(1, 2)
            heads = tokens.unflatten(2, (2, 4)).transpose(1, 2)
            attention = self.scores(heads @ heads.transpose(2, 3))
            mixed = (attention @ heads).transpose(1, 2).flatten(2)
            return self.head((tokens + mixed).mean(1))

    torch.manual_seed(0)
    attending = TorchClassifier(Attending(), preprocessing="0-1", input_size=(24, 24))
    assert [layer.name for layer in attending.layers] == ["conv"]
    assert all(layer.frame is not None for layer in attending.layers)
    assert any("scores" in note and "not offered" in note for note in attending.notes)
