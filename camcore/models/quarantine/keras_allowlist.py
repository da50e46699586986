"""What a model file may name: the plain classes of Keras, as data.

A class that is not listed here is refused, so a class that a later Keras adds is refused until
somebody has read what it does with its config.
"""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of a text as a set.

    Examples
    --------
    >>> sorted(words("L2 L1"))
    ['L1', 'L2']
    """
    return frozenset(text.split())


LAYERS = words(
    """
    Activation ELU LeakyReLU PReLU ReLU Softmax
    AdditiveAttention Attention GroupQueryAttention MultiHeadAttention
    Conv1D Conv1DTranspose Conv2D Conv2DTranspose Conv3D Conv3DTranspose
    Convolution1D Convolution2D Convolution3D Convolution2DTranspose Convolution3DTranspose
    DepthwiseConv1D DepthwiseConv2D SeparableConv1D SeparableConv2D
    SeparableConvolution1D SeparableConvolution2D
    Dense EinsumDense Embedding Identity InputLayer Masking ReversibleEmbedding
    Add Average Concatenate Dot Maximum Minimum Multiply Subtract
    BatchNormalization GroupNormalization LayerNormalization RMSNormalization
    SpectralNormalization UnitNormalization SyncBatchNormalization
    AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D
    AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D
    AveragePooling1D AveragePooling2D AveragePooling3D AvgPool1D AvgPool2D AvgPool3D
    MaxPooling1D MaxPooling2D MaxPooling3D MaxPool1D MaxPool2D MaxPool3D
    GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D
    GlobalAvgPool1D GlobalAvgPool2D GlobalAvgPool3D
    GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D
    GlobalMaxPool1D GlobalMaxPool2D GlobalMaxPool3D
    CategoryEncoding Discretization Normalization Rescaling Resizing CenterCrop Pipeline
    AugMix AutoContrast CutMix Equalization MixUp RandAugment RandomBrightness
    RandomColorDegeneration RandomColorJitter RandomContrast RandomCrop RandomElasticTransform
    RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale RandomHue RandomInvert
    RandomPerspective RandomPosterization RandomRotation RandomSaturation RandomSharpness
    RandomShear RandomTranslation RandomZoom RandomHeight RandomWidth Solarization
    ActivityRegularization AlphaDropout Dropout GaussianDropout GaussianNoise
    SpatialDropout1D SpatialDropout2D SpatialDropout3D
    Cropping1D Cropping2D Cropping3D Flatten Permute RepeatVector Reshape
    UpSampling1D UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D
    Bidirectional ConvLSTM1D ConvLSTM2D ConvLSTM3D GRU GRUCell LSTM LSTMCell RNN SimpleRNN
    SimpleRNNCell StackedRNNCells TimeDistributed
    """
)

MODELS = frozenset({"Functional", "Model", "Sequential"})

# Layers that two families of Keras Applications define for themselves.
APPLICATION_LAYERS = {
    "LayerScale": "keras.src.applications.convnext",
    "CustomScaleLayer": "keras.src.applications.inception_resnet_v2",
}

# Operations on symbolic tensors in a functional graph. Those that take a function as an argument
# (Map, Scan, Cond, WhileLoop, ...) are left out.
OPERATIONS = {
    "keras.src.ops.numpy": words(
        """
        Absolute Add All Amax Amin Any Arccos Arcsin Arctan Arctan2 Argmax Argmin Argsort Average
        BroadcastTo Ceil Clip Concatenate Cos Cosh Cross Cumprod Cumsum Diagonal Diff Divide
        DivideNoNan Dot Dstack Einsum Equal Exp Exp2 ExpandDims Expm1 Fabs Flip Fliplr Flipud Floor
        FloorDivide Fmod FullLike GetItem Greater GreaterEqual Hstack Hypot Inner Isclose Isfinite
        Isinf Isnan Less LessEqual Log Log10 Log1p Log2 Logaddexp LogicalAnd LogicalNot LogicalOr
        LogicalXor Matmul Max Maximum Mean Median Min Minimum Mod Moveaxis Multiply NanToNum
        Nanmax Nanmean Nanmin Nansum Negative NotEqual OnesLike Outer Pad Percentile Power Prod Ptp
        Quantile Ravel Reciprocal Repeat Reshape Roll Rot90 Round Sign Sin Sinh Sort Split Sqrt
        Square Squeeze Stack Std Subtract Sum Swapaxes Take TakeAlongAxis Tan Tanh Tensordot Tile
        Trace Transpose Tril Triu TrueDivide Var Vstack Where ZerosLike
        """
    ),
    "keras.src.ops.nn": words(
        """
        AdaptiveAveragePool AdaptiveMaxPool AveragePool BatchNorm Celu Conv ConvTranspose
        DepthToSpace DepthwiseConv DotProductAttention Elu Gelu Glu HardShrink HardSigmoid HardSilu
        HardTanh LayerNorm LeakyRelu LogSigmoid LogSoftmax MaxPool Moments Normalize OneHot RMSNorm
        Relu Relu6 Selu SeparableConv Sigmoid Silu SoftShrink Softmax Softplus Softsign
        SpaceToDepth SparsePlus SparseSigmoid Sparsemax Squareplus TanhShrink Threshold
        """
    ),
    "keras.src.ops.core": words(
        "Cast ConvertToTensor SaturateCast Slice SliceUpdate StopGradient Unstack"
    ),
    "keras.src.ops.math": words("Erf Logsumexp Rsqrt TopK"),
    "keras.src.ops.image": words(
        "CropImages ExtractPatches HSVToRGB PadImages RGBToGrayscale RGBToHSV Resize"
    ),
    "keras.src.ops.linalg": frozenset({"Norm"}),
}

INITIALIZERS = words(
    """
    Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity IdentityInitializer
    LecunNormal LecunUniform Ones Orthogonal OrthogonalInitializer RandomNormal RandomUniform
    STFT STFTInitializer TruncatedNormal VarianceScaling Zeros
    glorot_normal glorot_uniform he_normal he_uniform lecun_normal lecun_uniform
    """
)
REGULARIZERS = words("L1 L1L2 L2 OrthogonalRegularizer")
CONSTRAINTS = words("MaxNorm MinMaxNorm NonNeg UnitNorm")
DTYPE_POLICIES = words(
    """
    DTypePolicy DTypePolicyMap FloatDTypePolicy Int4DTypePolicy Policy QuantizedDTypePolicy
    QuantizedFloat8DTypePolicy
    """
)

# How a quantised layer was quantised. Those that hold data to calibrate with are left out.
QUANTIZERS = words(
    """
    AbsMaxQuantizer Float8QuantizationConfig Int4QuantizationConfig Int8QuantizationConfig
    """
)

# A model inside a model keeps its compile settings in its config.
OPTIMIZERS = words(
    """
    Adadelta Adafactor Adagrad Adam AdamW Adamax Ftrl Lamb Lion LossScaleOptimizer Muon Nadam
    RMSprop SGD
    """
)
SCHEDULES = words(
    """
    CosineDecay CosineDecayRestarts ExponentialDecay InverseTimeDecay PiecewiseConstantDecay
    PolynomialDecay
    """
)
LOSSES = words(
    """
    BinaryCrossentropy BinaryFocalCrossentropy CategoricalCrossentropy
    CategoricalFocalCrossentropy CategoricalHinge CosineSimilarity Dice Hinge Huber KLDivergence
    LogCosh MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredError
    MeanSquaredLogarithmicError Poisson SparseCategoricalCrossentropy SquaredHinge Tversky
    """
)
METRICS = words(
    """
    AUC Accuracy BinaryAccuracy BinaryIoU CategoricalAccuracy F1Score FBetaScore FalseNegatives
    FalsePositives IoU LogCoshError Mean MeanIoU OneHotIoU OneHotMeanIoU Precision
    PrecisionAtRecall R2Score Recall RecallAtPrecision RootMeanSquaredError
    SensitivityAtSpecificity SparseCategoricalAccuracy SparseTopKCategoricalAccuracy
    SpecificityAtSensitivity Sum TopKCategoricalAccuracy TrueNegatives TruePositives
    BinaryCrossentropy CategoricalCrossentropy CategoricalHinge CosineSimilarity Hinge
    KLDivergence MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredError
    MeanSquaredLogarithmicError Poisson SparseCategoricalCrossentropy SquaredHinge
    """
)

ACTIVATIONS = words(
    """
    celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh
    leaky_relu linear log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax
    softplus softsign sparse_plus sparse_sigmoid sparsemax squareplus swish tanh tanh_shrink
    threshold
    """
)

# Marks of values, not of objects.
VALUES = words(
    "__bytes__ __ellipsis__ __keras_tensor__ __numpy__ __slice__ __tensor__ __tuple__"
) | {"TensorShape"}

DTYPES = words(
    """
    bfloat16 bool float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64
    """
)

_LAYER_MODULES = frozenset({"keras.layers"})
_MODEL_MODULES = frozenset(
    {
        "keras",
        "keras.models",
        "keras.src.models.functional",
        "keras.src.models.model",
        "keras.src.models.sequential",
        # Keras 2 wrote these. This Keras may not find them, but they name nothing else.
        "keras.src.engine.functional",
        "keras.src.engine.sequential",
        "keras.src.engine.training",
        "keras.engine.functional",
    }
)


def _table() -> dict[str, frozenset[str]]:
    groups = [
        (LAYERS, _LAYER_MODULES),
        (MODELS, _MODEL_MODULES),
        *((names, frozenset({module})) for module, names in OPERATIONS.items()),
        *((frozenset({name}), frozenset({where})) for name, where in APPLICATION_LAYERS.items()),
        (INITIALIZERS, frozenset({"keras.initializers"})),
        (REGULARIZERS, frozenset({"keras.regularizers"})),
        (CONSTRAINTS, frozenset({"keras.constraints"})),
        (DTYPE_POLICIES, frozenset({"keras", "keras.dtype_policies", "keras.mixed_precision"})),
        (QUANTIZERS, frozenset({"keras.quantizers"})),
        (OPTIMIZERS, frozenset({"keras.optimizers"})),
        (SCHEDULES, frozenset({"keras.optimizers.schedules"})),
        (LOSSES, frozenset({"keras.losses"})),
        (METRICS, frozenset({"keras.metrics"})),
    ]
    table: dict[str, frozenset[str]] = {}
    for names, modules in groups:
        for name in names:
            table[name] = table.get(name, frozenset()) | modules
    return table


# Class -> the modules that Keras names it under.
MODULES_OF = _table()

# Class -> why it is refused, in words that finish "layer 'x' is a <class>, which ...".
REFUSED = {
    "Lambda": "can run any code",
    "__lambda__": "can run any code",
    "TFSMLayer": "runs a TensorFlow program from another file",
    "TorchModuleWrapper": "unpickles a PyTorch module and so can run any code",
    "JaxLayer": "runs a foreign JAX function",
    "FlaxLayer": "runs a foreign Flax module",
    "StringLookup": "reads a vocabulary from a file",
    "IntegerLookup": "reads a vocabulary from a file",
    "TextVectorization": "reads a vocabulary from a file",
    "FeatureSpace": "reads vocabularies from files",
    "Hashing": "works on text and identifiers, not on pictures",
    "HashedCrossing": "works on text and identifiers, not on pictures",
    "function": "names a function to call",
    "__typespec__": "names a TensorFlow type to import",
    "TypeSpec": "names a TensorFlow type to look up",
    "CompositeTensor": "names a TensorFlow type to look up",
}

# Class -> why no Keras 3 reads it, in words that finish "layer 'x' is a <class>, which ...".
UNREADABLE = dict.fromkeys(
    ("TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer", "ClassMethod"),
    "is a raw TensorFlow operation that only Keras 2 can rebuild",
) | dict.fromkeys(
    ("LocallyConnected1D", "LocallyConnected2D", "CuDNNGRU", "CuDNNLSTM"),
    "is a layer that Keras 3 has no more",
)
