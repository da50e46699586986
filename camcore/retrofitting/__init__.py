"""Any backbone made ready for class activation maps on somebody's own classes."""

from camcore.retrofitting.backbone import Retrofit, retrofit

__all__ = ["Retrofit", "retrofit"]
