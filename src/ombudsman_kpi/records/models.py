"""The base of all models of pydantic's here: each is built when it is first used."""

from threading import RLock
from typing import Any

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """A model that costs nothing until it is used, and that threads may use first at the same time."""

    model_config = ConfigDict(defer_build=True)

    @classmethod
    def model_rebuild(cls, **options: Any) -> bool | None:
        """Build the model, in one thread at a time: before 2.14, pydantic mixed up what two of them were building.

        Who waited finds it built, and returns None.
        """
        with _BUILDING:
            return super().model_rebuild(**options)


_BUILDING = RLock()  # one for all, since the model of a whole builds those of its parts
