"""The public names of ``ombudsman_kpi.statistics``, and the modules that have them: each is loaded when first used."""

from ombudsman_kpi.analysis.drawing import draw_sample as draw_sample
from ombudsman_kpi.analysis.drawing import sample_record as sample_record
from ombudsman_kpi.analysis.drawing import verify_sample as verify_sample

from .chart import ControlChart as ControlChart
from .chart import ControlCharts as ControlCharts
from .control_charts import p_chart as p_chart
from .control_charts import p_chart_of_groups as p_chart_of_groups
from .control_charts import xmr as xmr
from .control_charts import xmr_of_groups as xmr_of_groups
from .forecasting import Forecast as Forecast
from .forecasting import forecast_share as forecast_share
from .funnels import Funnel as Funnel
from .funnels import funnel as funnel
from .intervals import Interval as Interval
from .intervals import MeanMoments as MeanMoments
from .intervals import difference as difference
from .intervals import difference_of_counts as difference_of_counts
from .intervals import difference_of_means as difference_of_means
from .intervals import wilson as wilson
from .sampling import allocate as allocate
from .sampling import sample_size as sample_size
from .scores import WeightedScore as WeightedScore
from .scores import weighted_score as weighted_score
from .special_causes import ChartRules as ChartRules
from .survival_curves import Curve as Curve
from .survival_curves import ElapsedCounts as ElapsedCounts
from .survival_curves import Estimate as Estimate
from .survival_curves import TimeReached as TimeReached
from .survival_curves import kaplan_meier as kaplan_meier
from .survival_curves import survival as survival

__all__: list[str]
