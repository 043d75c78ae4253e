"""What training sees, on the page: one picture through a recipe's augmentation."""

import base64
import io
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr

from . import cards, links
from .languages import say, spoken
from .shelf import Shelf
from .wiring import COMPUTE, PRIVATE, Page, Upload, or_sentence, read

if TYPE_CHECKING:
    from torch import Tensor

    from lit_cnns.data import ImageData, Seen

FIRST = "alexnet/imagenet"
MOST = 24  # views at once
SIDE = 960  # pixels of the picture under the boxes
NO_PICTURE = "Choose a picture, and what training sees of it appears here."


def training_tab(page: Page, tab: gr.Tab, shelf: Shelf) -> None:
    """Lay out the tab; the chosen networks' own trainings stand before the recipes that ship."""
    with gr.Row():
        recipe = gr.Dropdown(
            recipes(),
            value=FIRST,
            label="Recipe",
            info="A chosen network's own training, or a configuration that ships: its crops and its augmentation.",
            allow_custom_value=True,
            scale=2,
            min_width=260,
            elem_id="training-recipe",
        )
        seed = gr.Number(0, label="Seed", info="Of the run.", precision=0, minimum=0, elem_id="training-seed")
        count = gr.Slider(1, MOST, value=8, step=1, label="Epochs", info="One view each.", elem_id="training-count")
    shown = gr.HTML(cards.notice(NO_PICTURE), elem_id="training-views")
    links.settle(page.demo, {"recipe": recipe, "seed": seed, "epochs": count})
    page.new_networks.change(
        partial(offered, shelf), [page.networks, recipe], recipe, show_progress="hidden", preprocess=False, **PRIVATE
    )
    asked = [page.picture, recipe, seed, count]
    events: dict[str, Any] = {
        "preprocess": False,
        "trigger_mode": "always_last",
        "show_progress": "minimal",
        **COMPUTE,
    }
    new: list[Any] = [page.new_picture.change, recipe.change, seed.change, count.change, tab.select]
    gr.on(new, partial(views_html, shelf), asked, shown, **events)


def offered(shelf: Shelf, chosen: list[str] | None, recipe: str | None = None) -> Any:
    """The recipes to choose from: the trainings of the chosen networks that say what they saw, then what ships.

    That of a network which is chosen no more stays as long as it is the `recipe` that is shown.
    """
    from lit_cnns.data import data_described

    own = []
    for entry in shelf.entries:
        try:
            if entry.id in (*(chosen or ()), recipe) and data_described(entry.description):
                own.append((say(f"{shelf.labels[entry.id]}: as it was trained"), entry.id))
        except ValueError:  # a guest, or data that is not ours
            continue
    return gr.update(choices=[*own, *((name, name) for name in recipes())])


def recipes() -> list[str]:
    """The recipes that ship, without what only says where a training runs."""
    from lit_cnns.recipes import config_names

    return [name for name in config_names() if not name.startswith("trainer/")]


@spoken
def views_html(shelf: Shelf, upload: Upload | None, recipe: str, seed: Any, count: Any) -> str:
    """The picture with the boxes of what is seen of it, and what is seen."""
    if upload is None:
        return cards.notice(NO_PICTURE)

    def drawn() -> str:
        image = read(upload)
        views = views_of(image, recipe, seed, count, shelf)
        return f'{boxes_svg(image, views)}<div class="lab-views">{"".join(map(_view, views))}</div>'

    return or_sentence(drawn)


def views_of(image: "Tensor", recipe: str, seed: Any, count: Any, shelf: Shelf | None = None) -> "list[Seen]":
    """What the first epochs of a recipe see of a picture.

    Args:
        image: uint8 `[C, H, W]`.
        recipe: one that ships, or the id of a network on the shelf, which means its own training.
        seed: of the run.
        count: how many epochs.
        shelf: where the networks are.

    Raises:
        ValueError: no such recipe, a seed or a count that is none, or a picture that the crop does not fit into.
    """
    from lit_cnns.data import read_image, seen_in_training

    from .controls import EXAMPLES

    number, epochs = _whole(seed, "The seed", 0, 2**31), _whole(count, "The number of epochs", 1, MOST)
    data = _data(recipe, number, shelf)
    coffee = read_image(EXAMPLES / "coffee.jpg")
    return seen_in_training(data, image, range(epochs), None if image.equal(coffee) else coffee)


def _data(recipe: str, seed: int, shelf: Shelf | None) -> "ImageData":
    from lit_cnns.data import data_described, data_of
    from lit_cnns.recipes import find_config, read_config

    if recipe in recipes():
        return data_of(read_config(find_config(recipe)), seed)
    for entry in shelf.entries if shelf else ():
        if entry.id == recipe:
            return data_described(entry.description, seed)
    raise ValueError(f"There is no recipe {str(recipe)[:60]!r} here; choose one from the list.")


def _whole(value: Any, what: str, low: int, high: int) -> int:
    if not isinstance(value, (int, float)) or value != int(value) or not low <= value <= high:
        raise ValueError(f"{what} is a whole number from {low} to {high:,}, not {str(value)[:30]}.")
    return int(value)


def boxes_svg(image: "Tensor", views: "list[Seen]") -> str:
    """The picture with a box for each view, which can be pointed at."""
    height, width = image.shape[1:]
    stroke = max(height, width) / 300
    corners = [(0, 0), (width, height), *(corner for view in views for corner in view.corners)]
    (left, right), (top, bottom) = ((min(along), max(along)) for along in zip(*corners, strict=True))
    air = 6 * stroke
    boxes = []
    for place, view in enumerate(views):
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in view.corners)
        x, y = view.corners[0]
        told = escape(_told(view))
        boxes.append(
            f'<g tabindex="0" role="img" aria-label="{told}" style="--hue:{place * 137 % 360}"><title>{told}</title>'
            f'<polygon points="{points}" stroke-width="{stroke:.2f}"/>'
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{3 * stroke:.1f}"/></g>'
        )
    return (
        f'<svg class="lab-boxes" viewBox="{left - air:.1f} {top - air:.1f} {right - left + 2 * air:.1f} '
        f'{bottom - top + 2 * air:.1f}" role="group" aria-label="The picture with the boxes of what training sees">'
        f'<image href="{_picture_url(image)}" width="{width}" height="{height}"/>{"".join(boxes)}</svg>'
        '<p class="lab-legend">A box for each epoch; the dot is where the upper left corner of what is seen lies: '
        "at the right, the view is mirrored. What lies outside the picture is seen as black.</p>"
    )


def _view(view: "Seen") -> str:
    hue = view.epoch * 137 % 360
    return (
        f'<figure style="--hue:{hue}"><img src="{cards.data_url(view.image)}" alt="What epoch {view.epoch + 1} sees">'
        f"<figcaption>{escape(_told(view))}</figcaption></figure>"
    )


def _told(view: "Seen") -> str:
    """What was done to the picture, in words."""
    words = [f"epoch {view.epoch + 1}"]
    if view.mirrored:
        words.append("mirrored")
    if abs(view.degrees) >= 0.05:
        words.append(f"turned {view.degrees:+.1f}°".replace("-", "−"))
    if any(view.colour):
        words.append("RGB " + " ".join(f"{100 * value:+.1f}".replace("-", "−") for value in view.colour) + " %")
    if view.share < 1:
        words.append(f"{100 * view.share:.0f} % of it")
    return " · ".join(words)


def _picture_url(image: "Tensor") -> str:
    """The picture, made smaller where it is large, as the source of an `<image>`."""
    from PIL import Image

    pixels = image.permute(1, 2, 0).numpy()
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    picture.thumbnail((SIDE, SIDE))
    file, form = io.BytesIO(), "PNG" if max(image.shape[1:]) < 100 else "JPEG"
    picture.save(file, form, quality=90)
    return f"data:image/{form.lower()};base64,{base64.b64encode(file.getvalue()).decode()}"
