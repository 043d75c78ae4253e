"""Sentences on the challenge and on the lineage as a whole."""

import math
from itertools import pairwise
from statistics import mean

from lit_cnns import features
from lit_cnns.lineage import LINEAGE

from .finding import Checked, Sources, Standing

YEARS = range(2012, 2016)
TOLD_DEPTHS = (8, 8, 19, 22, 152)
DEEPEST = {"vgg_e": 19, "googlenet": 22, "resnet152": 152}
VERSIONS = ("inception_v1", "inception_v2", "inception_v3", "inception_v4")


def depth_of_winners(of: Sources) -> Checked:
    """Errors and depths of the winners, year by year, beside the depths that are told."""
    won = [winner for winner in of.ilsvrc()["winners"] if winner["year"] in YEARS]
    depths, errors = [winner["weight_layers"] for winner in won], [winner["top5_error"] for winner in won]
    others = [depth for depth in TOLD_DEPTHS if depth not in depths]
    entries = [bar["entry"] for bar in of.ilsvrc()["chart"]["bars"] if bar["layers"] in others]
    parts = {
        "better": all(a > b for a, b in pairwise(errors)),
        "deeper": all(a <= b for a, b in pairwise(depths)),
        "depths": sorted(depths) == sorted(TOLD_DEPTHS),
    }
    return Checked(parts, {"errors": errors, "depths": depths, "others": others, "entries": entries})


def vgg_second(of: Sources) -> Checked:
    """The second place of 2014."""
    year = next(winner for winner in of.ilsvrc()["winners"] if winner["year"] == 2014)
    figures = {"winner": year["team"], "error": year["top5_error"], "second": year["runner_up"].split(" (")[0]}
    return Checked({"second": year["runner_up"].startswith("VGG"), "popular": "no measurement"}, figures)


def layers_19_22_152(of: Sources) -> Checked:
    """Weight layers of the three networks, counted."""
    counted = {name: features.weight_layers(of.network(name)) for name in DEEPEST}
    return Checked({name: counted[name] == depth for name, depth in DEEPEST.items()}, counted)


def inception_names(of: Sources) -> Checked:
    """The order of the four versions in the lineage, and the year of each one's paper."""
    names = [of.row(version)["name"] for version in VERSIONS]
    years = [of.row(name)["paper"]["year"] for name in names]
    places = [[*LINEAGE].index(name) for name in names]
    parts = {"first": names[0] == "googlenet", "follow": places == sorted(places) and years == sorted(years)}
    return Checked(parts, {"names": names, "years": [str(year) for year in years]})


def vanishing_exploding(of: Sources) -> Checked:
    """What reaches the first convolution, by the results of the claim on gradient norms."""
    kept = of.claim("gradient_norms")
    if kept is None:
        return Checked(dict.fromkeys(("vanish", "later", "residual"), "not yet run"), {})
    from .. import gradient_norms as claim

    shares = {kind: claim.ratios(kept["results"], kind, claim.JUDGED) for kind in kept["results"]}
    healthy = {kind: all(1 / claim.HEALTHY <= x <= claim.HEALTHY for x in found) for kind, found in shares.items()}
    figures = {
        "depth": claim.JUDGED,
        **{
            name: math.exp(mean(map(math.log, shares[kind])))
            for name, kind in (
                ("saturating", claim.SATURATING),
                ("normalised", claim.NORMALISED),
                ("shortcuts", claim.RESIDUAL),
            )
        },
    }
    parts: dict[str, Standing | bool] = {
        "vanish": max(shares[claim.SATURATING]) < claim.VANISHED,
        "later": healthy[claim.NORMALISED] and healthy[claim.RESIDUAL],
        "residual": healthy[claim.RESIDUAL] and not healthy[claim.NORMALISED],
    }
    return Checked(parts, figures)
