"""The public names of ``ombudsman_kpi.statistics``, and the modules that have them: each is loaded when first used."""

from .forecasting import Forecast as Forecast
from .forecasting import forecast_share as forecast_share
from .intervals import Interval as Interval
from .intervals import MeanMoments as MeanMoments
from .intervals import difference as difference
from .intervals import difference_of_counts as difference_of_counts
from .intervals import difference_of_means as difference_of_means
from .intervals import wilson as wilson
from .survival_curves import Curve as Curve
from .survival_curves import ElapsedCounts as ElapsedCounts
from .survival_curves import Estimate as Estimate
from .survival_curves import TimeReached as TimeReached
from .survival_curves import kaplan_meier as kaplan_meier
from .survival_curves import survival as survival

__all__: list[str]
