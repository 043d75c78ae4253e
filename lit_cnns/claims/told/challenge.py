"""Sentences on the challenge and on the lineage as a whole."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

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
        return Checked(dict.fromkeys(("vanish", "explode", "later", "residual"), "not yet run"), {})
    from .. import gradient_norms as claim

    found, (plain, residual) = kept["results"], claim.NORMALISED
    shares = {kind: claim.share(found, kind, claim.JUDGED) for kind in (claim.SATURATING, plain, residual)}
    places = {kind: claim.place(share) for kind, share in shares.items()}
    all_places = [claim.place(claim.share(found, kind, depth, moment)) for kind, depth, moment in _looked_at(found)]
    healthy = [places[kind] == "healthy" for kind in (plain, residual)]
    parts: dict[str, Standing | bool] = {
        "vanish": places[claim.SATURATING] == "vanishes",
        "explode": "explodes" in all_places,
        "later": all(healthy),
        "residual": healthy[1] and not healthy[0],
    }
    if "undecided" in places.values():
        parts |= dict.fromkeys(("later", "residual"), "not at this scale")
    names = dict(zip(("saturating", "normalised", "shortcuts"), shares.values(), strict=True))
    return Checked(parts, {"depth": claim.JUDGED, "exploding": all_places.count("explodes"), **names})


def _looked_at(found: Mapping[str, Any]) -> Iterator[tuple[str, int, str]]:
    """Kind, depth and moment of everything that was looked at."""
    return ((kind, int(depth), moment) for kind in found for depth in found[kind] for moment in found[kind][depth])
