"""Sentences of the engine that translated pages show: marked here, as the engine knows no page."""

from __future__ import annotations

from pages.languages.catalogues import marked

ENGINE_SENTENCES = (
    # Titles of the samples.
    marked("Tank under a sunny sky"),
    marked("The same tank under cloud"),
    marked("The same forest without it, sunny"),
    marked("The same forest without it, cloudy"),
    marked("Another tank, behind a bush under cloud"),
    marked("Another clearing, sunny"),
    marked("Digit 2"),
    marked("Digit 3"),
    marked("Digit 5"),
    marked("Digit 7"),
    marked("Digit 8"),
    # How a picture is fitted to a network's input.
    marked("the whole picture, stretched to the input's shape"),
    marked("the largest centred part with the input's proportions"),
    marked("the whole picture with black bars"),
    # How its pixels are scaled.
    marked("none (0 to 255, or built into the model)"),
    marked("0 to 1 (divide by 255)"),
    marked("-1 to 1 (Inception, Xception, MobileNet)"),
    marked("caffe (BGR, ImageNet mean subtracted: VGG, ResNet)"),
    marked("torch (ImageNet mean and spread: DenseNet)"),
    # Which of 16 bits become black and white.
    marked("0 to 65535, all that 16 bits can hold"),
    marked("0 to 255"),
    marked("0 to 1023"),
    marked("0 to 4095, as X-ray and CT scanners and many cameras write"),
    marked("0 to 16383"),
    marked("the lowest and the highest value of each picture"),
    # What the bundled models are.
    marked(
        "Handwritten digits: four convolutions with pooling between them, so that the last maps "
        "are 3x3."
    ),
    marked(
        "Handwritten digits: cam1 without its pooling, so that the last maps keep all 28x28 places."
    ),
    marked(
        "Meant to find camouflaged tanks, but every tank that it learned from stood in the sun and "
        "every empty forest lay under cloud: it reads the sky."
    ),
    marked(
        "The cloud detector's network, trained on scenes whose sky says nothing about the tank: it "
        "really finds tanks."
    ),
    # What a method does.
    marked("The class's own weights behind global average pooling, laid over the feature maps."),
    marked("Each feature map weighted by the mean gradient of the class score; any network."),
    marked("Positive gradients only, weighted so that several objects of a class all count."),
    marked("Gradients averaged where the feature map is active, so that the map adds up better."),
    marked("Gradient times activation cell by cell: shows only what the score really used."),
    marked(
        "Grad-CAM++ with gradients averaged over noisy copies of the picture, so that chance "
        "counts less."
    ),
    marked("Positive gradients only, cell by cell; made for early, fine-grained layers."),
    marked("Grad-CAM of what sets a class off against the classes that the model nearly chose."),
    marked("What the feature maps have most in common; it knows no class, so it explains none."),
    marked("Each feature map masks the picture; those that keep the class score weigh most."),
    marked("Score-CAM with the feature maps that vary most: quicker, and not the whole sum."),
    marked("One place of the feature maps at a time through the rest of the network; no gradient."),
    marked("Recipro-CAM that keeps a place with its neighbours, weighted by a small Gaussian."),
    marked("Each feature map weighs what the class score loses without it; no gradient."),
    marked("What the class score loses where a patch is covered; owes nothing to feature maps."),
    # How a map was made, and its scaling.
    marked("Software"),
    marked("Model"),
    marked("Layer"),
    marked("Method"),
    marked("Target"),
    marked("Image"),
    marked("Preprocessing"),
    marked("Scaling"),
    marked("Evidence"),
    marked("Passes"),
    marked("negative values cut, divided by the maximum"),
    marked("minimum to maximum stretched over 0 to 1"),
    # Colour maps, and how colours are mixed with the picture.
    marked("even, safe for colour-blind eyes"),
    marked("even, dark to bright"),
    marked("even, softer than inferno"),
    marked("even, made for colour-blind eyes"),
    marked("rainbow with even steps"),
    marked("the field's habit; uneven"),
    marked("black to white"),
    marked("mix"),
    marked("add"),
    marked("fade"),
    marked("(1 - alpha) * image + alpha * colour"),
    marked("image + alpha * colour, clipped"),
    marked("mix, with alpha * value for alpha: clear where the map is 0"),
    # How far a finding is proven, and what a person decides.
    marked("associated"),
    marked("attended"),
    marked("relied on"),
    marked("confirmed spurious"),
    marked("accepted"),
    marked("not detected"),
    marked("insufficient data"),
    marked(
        "A property of the images differs between this class and the others. That is said of the "
        "data, not of the model."
    ),
    marked(
        "The model's class activation maps lie there, more than those of other classes. Maps show "
        "where to look; a model may ignore what its maps light up."
    ),
    marked(
        "On images held out for this test, handing the cue over changed predictions to the class, "
        "more than the same edit without the cue did, by more than chance and by more than the "
        "floor."
    ),
    marked("A person has decided that the model should not rely on this."),
    marked("A person has decided that relying on this is right."),
    marked(
        "Tested, and no effect seen that is as large as the smallest one this run could have seen."
    ),
    marked("Too few images to say anything. That is not a clean result."),
    marked(
        "An audit proves that a model relies on something. Whether that is spurious is for a "
        "person to say who knows the task."
    ),
    # Columns of a comparison.
    marked("r, CAM"),
    marked("ρ, CAM"),
    marked("IoU, CAM"),
    marked("r, Grad-CAM"),
    marked("ρ, Grad-CAM"),
    marked("IoU, Grad-CAM"),
    marked("Drop"),
    marked("Increase"),
    marked("Coherency"),
    marked("Complexity"),
    marked("ADCC"),
    marked("Deletion"),
    marked("Insertion"),
    marked("Share in box"),
    marked("Area of box"),
    marked("Lift"),
    marked("Hit"),
    marked("Box IoU"),
    marked("Seconds"),
    marked("Pearson correlation with CAM of the same layer and class: 1 is the same map."),
    marked(
        "Spearman rank correlation with CAM of the same layer and class: 1 is the same "
        "order of cells."
    ),
    marked(
        "Overlap of the regions at or above 20 % of the maximum with CAM of the same layer "
        "and class, 0 to 1."
    ),
    marked("Pearson correlation with Grad-CAM of the same layer and class: 1 is the same map."),
    marked(
        "Spearman rank correlation with Grad-CAM of the same layer and class: 1 is the "
        "same order of cells."
    ),
    marked(
        "Overlap of the regions at or above 20 % of the maximum with Grad-CAM of the same "
        "layer and class, 0 to 1."
    ),
    marked(
        "Share of the class probability that is lost when only what the map shows is kept; "
        "lower is better."
    ),
    marked("1 where the class becomes more probable when only what the map shows is kept."),
    marked("How alike the map stays when only what it shows is kept, 0 to 1; higher is better."),
    marked("Mean of the map, 0 to 1; lower says the same with less."),
    marked(
        "Harmonic mean of coherency, 1 - complexity and 1 - drop (Poppi et al. 2021), 0 to "
        "1; higher is better."
    ),
    marked(
        "Area under the class probability while the pixels go, the map's highest first "
        "(Petsiuk et al. 2018); lower is better."
    ),
    marked(
        "Area under the class probability while the pixels come, the map's highest first; "
        "higher is better."
    ),
    marked("Share of the positive evidence inside the true box, 0 to 1."),
    marked("The box's own share of what the model saw: the share that a flat map would reach."),
    marked("Share divided by area: 1 is no better than a flat map."),
    marked("1 where the map's maximum lies inside the true box."),
    marked(
        "Overlap of the map's box (largest region at or above 20 % of the maximum) with "
        "the true box; 0.5 counts as found."
    ),
    marked(
        "Forward passes beside the first one; of the network behind the layer for "
        "Recipro-CAM and Ablation-CAM."
    ),
    marked(
        "From the picture to the map with a model that has answered before; the better of "
        "two, or the one run of a method of many passes."
    ),
)
