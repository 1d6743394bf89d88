"""The base of all models of pydantic's here: each is built when it is first used."""

from collections.abc import Callable
from inspect import Signature, signature
from threading import RLock
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


class _Signature:
    """The signature of a model that isn't built yet: whoever asks for it, as ``help`` does, has the model built."""

    def __get__(self, model: "Model | None", kind: "type[Model]") -> Signature:
        if model is not None or kind.model_rebuild(raise_errors=False) is False:
            raise AttributeError("__signature__")
        return signature(kind)


class Model(BaseModel):
    """A model that costs nothing until it is used, and that threads may use first at the same time."""

    model_config = ConfigDict(defer_build=True)

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        super().__pydantic_init_subclass__(**options)
        if not cls.__pydantic_complete__:  # a built one has a signature of its own
            cls.__signature__ = _Signature()  # type: ignore[assignment]

    @classmethod
    def model_rebuild(cls, **options: Any) -> bool | None:
        """Build the model, in one thread at a time: before 2.14, pydantic mixed up what two of them were building.

        Who waited finds it built, and returns None.
        """
        with _BUILDING:
            return super().model_rebuild(**options)


_BUILDING = RLock()  # one for all, since the model of a whole builds those of its parts


class ReadBy(NamedTuple):
    """How a field is read and written: ``read`` returns what it holds or raises ``ValueError``.

    Pydantic then makes no schema of the field's class, as it does for its own ways to say so.
    """

    read: Callable[[Any], Any]
    write: Callable[[Any], Any]

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        written = core_schema.plain_serializer_function_ser_schema(self.write)
        return core_schema.no_info_plain_validator_function(self.read, serialization=written)
