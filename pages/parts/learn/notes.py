"""What a lecturer has in hand for each step: aim, time, a question, its answer, a pitfall.

The numbers are those of the example that the lesson opens with: cam1 reads the sample digit 2. The
sentences are translated where they are shown.
"""

from __future__ import annotations

from dataclasses import dataclass

from pages.languages.catalogues import marked


@dataclass(frozen=True)
class Note:
    """The teacher's note on one step.

    Attributes
    ----------
    aim : str
        What a student can say afterwards.
    minutes : int
        With the question, a vote, and the discussion.
    question : str
        Asked before the step is shown.
    answer : str
    pitfall : str
        What students get wrong here, and what is right.
    """

    aim: str
    minutes: int
    question: str
    answer: str
    pitfall: str


NOTES: dict[str, Note] = {
    "two-networks": Note(
        marked(
            "Cut a classifier in two at one layer: image to feature maps, feature maps to scores."
        ),
        5,
        marked(
            "cam1 has 98,442 parameters. How many of them lie behind its last feature maps, in the "
            "part that turns them into the scores of ten digits?"
        ),
        marked(
            "1,290, or 1.3 %: a weight for each of 128 feature maps and 10 digits, and 10 biases. "
            "Almost everything that was learnt lies in front of the border; what lies behind it is "
            "simple enough to be read."
        ),
        marked(
            "“The first part sees, the second part decides.” Both are trained together, and the "
            "border may be drawn at any layer; it is our choice, not the network's."
        ),
    ),
    "channels": Note(
        marked("Read a class score as a sum over feature maps: weight times mean."),
        6,
        marked(
            "cam1 has 128 feature maps. When it reads this 2, how many of them speak for a 2, how "
            "many against it, and how many say nothing at all?"
        ),
        marked(
            "51 for, 21 against, 56 are silent (on this digit 2). The three that add most make up "
            "10.3 of 30.8, a third of the score: the evidence is spread over many maps."
        ),
        marked(
            "“Map 67 is the detector of twos.” A feature map seldom stands for one thing that "
            "has a name. It adds to several classes, with another weight for each."
        ),
    ),
    "weighted-sum": Note(
        marked(
            "Build the class activation map as a weighted sum, and see that its mean is the score."
        ),
        7,
        marked(
            "We add up all feature maps, each times its weight for the class, and take the mean of "
            "the result over its cells. What number comes out?"
        ),
        marked(
            "The class score without its bias: for cam1 on this 2 it is 30.81, and with the "
            "bias of -0.025 the 30.78 that the network computed. Sum and mean may be exchanged, "
            "so the map only hands the score out to the places that it came from."
        ),
        marked(
            "The map is no probability of a place, and its cells do not sum to 1. The identity "
            "needs global average pooling and one dense layer behind the maps; with Grad-CAM's "
            "weights at an earlier layer it does not hold."
        ),
    ),
    "relu": Note(
        marked("Say what ReLU and min-max each hide, and what an honest empty map looks like."),
        5,
        marked(
            "Take the class with the lowest score: the picture speaks against it. What is left of "
            "its map when everything below zero is cut?"
        ),
        marked(
            "Little or nothing. For cam1 on this 2 the class is 5: 8 of 9 cells are below zero, "
            "down to -79.7, and one cell of 7.2 is left. Scaled to its maximum that cell is as "
            "bright as the brightest cell of the right class."
        ),
        marked(
            "Min-max scaling moves zero: here a cell that says nothing would be painted 0.92. "
            "Without the scale, brightness in one map cannot be compared with that in another."
        ),
    ),
    "upsampling": Note(
        marked("Tell computed cells from filled-in pixels, and say where the cells lie."),
        5,
        marked(
            "The map has 3 × 3 cells, the picture 28 × 28 pixels. At which pixels, counted from 0, "
            "do the centres of the three columns lie?"
        ),
        marked(
            "At 3.5, 11.5 and 19.5, and not at 4.2, 13.5 and 22.8, where a map stretched over "
            "the whole picture would put them. Three poolings halve 28 to 14, 7 and 3; the last "
            "row and column of the 7 × 7 are dropped, and a cell begins every 8 pixels."
        ),
        marked(
            "A sharp edge in a smoothed map is made by the interpolation. Nothing between two "
            "centres was computed, and beyond the outermost centre nothing at all."
        ),
    ),
    "resolution": Note(
        marked(
            "Separate the resolution that a network has from the resolution that a picture shows."
        ),
        5,
        marked(
            "cam1 ends with 3 × 3 cells, cam2 with 28 × 28. If we smooth cam1's nine cells with "
            "enough care, do we get cam2's map?"
        ),
        marked(
            "No. On this 2 the two have a correlation of -0.03, although both networks read "
            "about 99 of 100 test digits rightly. What a map can show is decided when the "
            "network is built: cam1 pools three times, cam2 never."
        ),
        marked(
            "A fine grid is not everything: a cell of cam2 sees only 9 × 9 pixels, a cell of "
            "cam1 a window of 38 × 38, more than the whole digit. The finer map knows more "
            "about places and less about context."
        ),
    ),
    "needs-gap": Note(
        marked("Say why CAM needs a pooled head, and what Grad-CAM puts in place of the weight."),
        6,
        marked(
            "One network averages each feature map before its last layer, another one flattens "
            "them. How many weights for one class belong to one feature map of 3 × 3 cells in "
            "either?"
        ),
        marked(
            "One if pooled, nine if flattened: 128 or 1,152 for each class. Of nine weights "
            "none is the map's. Grad-CAM takes the mean gradient instead. Behind a pooled head "
            "that is the weight divided by 9, so CAM is 9 times Grad-CAM: the same picture."
        ),
        marked(
            "“Grad-CAM is CAM for every network.” It runs on every network; elsewhere than "
            "behind a pooled head it replaces gradients that differ from cell to cell by their "
            "mean."
        ),
    ),
    "pooling": Note(
        marked("Predict which feature maps matter under a mean and under a maximum."),
        6,
        marked(
            "One feature map has one bright cell and is dark in the other eight. Another is "
            "half as bright in all nine. Both have the same weight. Which adds more to the "
            "score under mean pooling, and which under maximum pooling?"
        ),
        marked(
            "Under the mean the second, 4.5 times as much; under the maximum the first, twice as "
            "much. So training with means rewards finding all of an object, training with maxima "
            "rewards one telling point."
        ),
        marked(
            "The score under GMP shown here is not that of a network trained with it: it is "
            "another question to the same maps, and neither better nor worse."
        ),
    ),
    "softmax": Note(
        marked("Explain why maps are made of the score before softmax."),
        7,
        marked(
            "cam1 is sure that this is a 2: it leaves 8 in 10¹⁵ for all other digits. The score of "
            "the 2 rises by 1. By how much does the probability rise?"
        ),
        marked(
            "By at most those 8 in 10¹⁵: the slope is p (1 - p). Where the network is surest, "
            "the map of the probability has almost vanished; in numbers of seven digits it is "
            "exactly 0. It also mixes in the rivals: here its correlation with the map of the "
            "score is -0.50."
        ),
        marked(
            "Scaled to its own maximum the vanished map looks as strong as any. Look at the scale "
            "before looking at the colours."
        ),
    ),
    "depth": Note(
        marked("Choose a layer: early ones know where, late ones know what."),
        6,
        marked(
            "Somebody gets no more than the mean of each feature map of one layer and is to "
            "name the digit. At which of cam1's four convolutions does that work best?"
        ),
        marked(
            "At the late ones: a simple probe on drawn digits is right on 83 % at conv1, 90 % at "
            "conv2 and 100 % at conv3 and conv4, while the grid shrinks from 28 × 28 to 3 × 3."
        ),
        marked(
            "The early map looks like the better explanation because it is sharp. It is sharp "
            "because edges are, and looks much alike whatever the class."
        ),
    ),
    "draw": Note(
        marked("Connect a stroke with a change of the answer and of the map."),
        7,
        marked(
            "I draw a 3 and then close it to an 8. Which stroke will turn the answer, and where "
            "will the map of the 8 gain?"
        ),
        marked(
            "Vote, then draw it stroke by stroke; a volunteer with another hand may get another "
            "turning point. Let the class compare cam1, which can only say in which ninth of the "
            "field, with cam2, which follows the stroke."
        ),
        marked(
            "A scribble is read as a digit too, often with a high probability: the "
            "probabilities of ten digits sum to 1 and there is no “none of them”. To be sure is "
            "not to know."
        ),
    ),
    "retrofit": Note(
        marked("Say what is replaced to make a network CAM-ready, and what that costs."),
        6,
        marked(
            "The first dense layer of VGG16 alone has 102,764,544 parameters. We replace its three "
            "dense layers by global average pooling and one layer for two classes. How many "
            "parameters has the new head?"
        ),
        marked(
            "1,026: 512 feature maps times 2 classes, and 2 biases. The convolutions stay as they "
            "are, so the head is fitted in less than a minute."
        ),
        marked(
            "It is another network now. Its map explains its own answers, not those of the VGG16 "
            "that was taken apart, and its accuracy has to be measured anew."
        ),
    ),
    "training": Note(
        marked(
            "See that accuracy and map are learnt together, and that equal accuracy is no equal "
            "map."
        ),
        6,
        marked(
            "cam1 learns from random weights, and we watch its map of one digit. What is settled "
            "first: the accuracy, or the map?"
        ),
        marked(
            "The accuracy: most of it comes within the first three of eight epochs, and the map "
            "goes on changing. Train again from other random weights: the accuracy ends almost "
            "the same, the map need not."
        ),
        marked(
            "One map of one network is one sample. Whoever concludes from it how “networks” see "
            "the digit should train twice."
        ),
    ),
    "cloud-detector": Note(
        marked("Tell a suspicion from a proof: a map, and a change of nothing but the cue."),
        6,
        marked(
            "In the laboratory all tanks stood in the sun and all empty forests under cloud; there "
            "the network is right on 99.8 % of its test pictures. What will it answer for a tank "
            "under cloud, and on how many field pictures will it be right?"
        ),
        marked(
            "“Forest”; and on none, 0.0 %, of the field's pictures, where the weather is the other "
            "way round. It learnt the sky. The map lies on it, and exchanging the sky alone turns "
            "the answer."
        ),
        marked(
            "“The map has proven it.” A map shows where the evidence lies, for one picture. The "
            "proof is the intervention over many pictures, with a control. The story itself is a "
            "legend: tell it as one."
        ),
    ),
    "fool-it": Note(
        marked(
            "Fool a network by its cue, say what an audit adds to that, and what mends the network."
        ),
        7,
        marked(
            "The cloud detector is sure that this is a tank. We draw the cloudy sky of an empty "
            "forest down over the picture and leave the tank alone. How far down must it come "
            "until the answer is forest? And would a network that learnt from every weather "
            "give way?"
        ),
        marked(
            "The sky alone turns it, before it reaches the tank; the network that learnt the tank "
            "keeps its answer."
        ),
        marked(
            "“We fooled it, so it relies on the sky.” One picture may turn for any reason, by "
            "the edge of the patch too. The audit hands the sky over in many pictures, does the "
            "same edit without the cue for control, and counts."
        ),
    ),
}
"""By the step's name in an address."""
