"""What each augmentation means, on pictures small enough to see it."""

import pytest
import torch

from lit_cnns.data import Augmentation, augmentation, prepare, to_batch
from lit_cnns.data.augmentation import beta, box_mask, colour_noise, crop_and_flip
from lit_cnns.data.randomness import uniform

PLAIN = {
    "channels": 3,
    "resize": 8,
    "crop": 8,
    "interpolation": "bilinear",
    "pad": 0,
    "mean": [0.0, 0.0, 0.0],
    "std": [1.0, 1.0, 1.0],
    "ink": None,
}
COUNT = 64


def batch(side: int = 8) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(1, 256, (COUNT, 3, side, side), dtype=torch.uint8, generator=generator)
    return images, torch.arange(COUNT) % 10, torch.arange(COUNT)


def trained(augmentation: Augmentation, epoch: int = 0, side: int = 8, **changes: object) -> torch.Tensor:
    return prepare(batch(side), {**PLAIN, **changes}, True, augmentation, epoch=epoch, num_classes=10)[0]


def windows(image: torch.Tensor, side: int) -> list[torch.Tensor]:
    spare = image.shape[1] - side + 1
    return [image[:, top : top + side, left : left + side] for top in range(spare) for left in range(spare)]


def test_nothing_happens_unless_it_is_asked_for():
    assert torch.allclose(trained(Augmentation()), batch()[0].float() / 255)


def test_evaluation_takes_the_central_crop_and_normalises():
    images, labels = prepare(batch(12), {**PLAIN, "mean": [0.5] * 3, "std": [0.25] * 3}, train=False)
    expected = (batch(12)[0][:, :, 2:10, 2:10].float() / 255 - 0.5) / 0.25
    assert torch.allclose(images, expected, atol=1e-5)
    assert torch.equal(labels, batch()[1])


def test_pictures_laid_out_pixel_by_pixel_give_the_same_batch_and_stay_so():
    preprocessing = {**PLAIN, "mean": [0.1, 0.5, 0.9], "std": [0.2, 0.3, 0.4]}
    images, labels, indices = batch()
    pixels = images.contiguous(memory_format=torch.channels_last)
    expected, _ = prepare(batch(), preprocessing, True, Augmentation(flip=True))
    found, _ = prepare((pixels, labels, indices), preprocessing, True, Augmentation(flip=True))
    assert torch.equal(found, expected)
    assert found.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("mean", [torch.rand(3), torch.rand(3, 8, 8)], ids=["a channel", "a pixel"])
def test_a_batch_that_is_normalised_in_parts_has_each_picture_s_own_numbers(mean, layout, monkeypatch):
    monkeypatch.setattr(augmentation, "CACHED", 1)  # a picture at a time
    pictures, noise = batch()[0].contiguous(memory_format=layout), torch.rand(COUNT, 3, 1, 1)
    preprocessing = {**PLAIN, "mean": mean, "std": [0.2, 0.3, 0.4]}
    std = torch.tensor(preprocessing["std"]).view(3, 1, 1)
    expected = (pictures / 255 + noise - (mean if mean.ndim == 3 else mean.view(3, 1, 1))) / std
    found = augmentation.normalise(pictures, preprocessing, noise)
    assert torch.allclose(found, expected, atol=1e-5)
    assert found.is_contiguous(memory_format=layout)
    plain = torch.cat([augmentation.normalise(one, preprocessing) for one in pictures.split(1)])
    assert torch.equal(augmentation.normalise(pictures, preprocessing), plain)


def test_the_mean_may_be_an_image():
    mean = torch.rand(3, 8, 8).tolist()
    images, _ = prepare(batch(), {**PLAIN, "mean": mean}, train=False)
    assert torch.allclose(images, batch()[0].float() / 255 - torch.tensor(mean), atol=1e-6)


def test_a_flip_mirrors_about_half_of_the_pictures_and_leaves_the_others():
    images, original = trained(Augmentation(flip=True)), batch()[0].float() / 255
    mirrored = [torch.allclose(a, b.flip(-1)) for a, b in zip(images, original, strict=True)]
    same = [torch.allclose(a, b) for a, b in zip(images, original, strict=True)]
    assert all(m != s for m, s in zip(mirrored, same, strict=True))
    assert 20 <= sum(mirrored) <= 44


def test_a_mirrored_picture_is_its_exact_mirror_image_at_every_size():
    numbers = uniform(0, 0, torch.arange(COUNT), 17)
    images = batch()[0]
    flipped = crop_and_flip(images, 8, True, numbers)
    through_a_crop = crop_and_flip(torch.nn.functional.pad(images, [0, 0, 0, 1]), 8, True, numbers * 0.4)
    for picture, mirrored, number, whole in zip(flipped, through_a_crop, numbers[:, 2], images, strict=True):
        assert torch.equal(picture, whole.flip(2) if number < 0.5 else whole)
        assert torch.equal(mirrored, whole.flip(2))


def test_a_padded_crop_is_a_window_of_the_picture_with_zeros_around():
    images = trained(Augmentation(crop_padding=2))
    padded = torch.nn.functional.pad(batch()[0], [2] * 4).float() / 255
    found = [
        [torch.allclose(image, window) for window in windows(whole, 8)].index(True)
        for image, whole in zip(images, padded, strict=True)
    ]
    assert len(set(found)) > 15  # of 25 windows


def test_a_frame_of_the_mean_is_zero_once_the_mean_is_subtracted():
    told = {"mean": [0.4914, 0.4822, 0.4465], "std": [0.25] * 3}
    images = trained(Augmentation(crop_padding=2, pad_with="mean"), **told)
    normalised = (batch()[0].float() / 255 - torch.tensor(told["mean"])[:, None, None]) / 0.25
    padded = torch.nn.functional.pad(normalised, [2] * 4)
    for image, whole in zip(images, padded, strict=True):
        assert any(torch.allclose(image, window, atol=1e-5) for window in windows(whole, 8))


def test_corner_crops_are_the_four_corners_and_the_centre_alone():
    images, whole = trained(Augmentation(corner_crops=True), side=12), batch(12)[0].float() / 255
    corners = [(0, 0), (0, 4), (4, 0), (4, 4), (2, 2)]
    found = [
        [torch.allclose(image, picture[:, top : top + 8, left : left + 8]) for top, left in corners].index(True)
        for image, picture in zip(images, whole, strict=True)
    ]
    assert set(found) == set(range(5))


def test_an_unknown_frame_is_refused():
    with pytest.raises(ValueError, match="black or mean, not 'grey'"):
        Augmentation(pad_with="grey")


def test_a_larger_picture_is_cropped_at_random_without_padding():
    images = trained(Augmentation(), side=10)
    for image, whole in zip(images, batch(10)[0].float() / 255, strict=True):
        assert any(torch.allclose(image, window) for window in windows(whole, 8))


def test_what_a_picture_goes_through_does_not_depend_on_its_batch():
    everything = Augmentation(2, True, 10.0, 0.1, 0.1)
    images, labels, indices = batch()
    together = prepare((images, labels, indices), PLAIN, True, everything, seed=1, epoch=4)[0]
    part = slice(40, 47)
    alone = prepare((images[part], labels[part], indices[part]), PLAIN, True, everything, seed=1, epoch=4)[0]
    assert torch.allclose(together[part], alone, atol=1e-6)


def test_every_epoch_draws_anew():
    augmentation = Augmentation(crop_padding=2, flip=True)
    assert not torch.equal(trained(augmentation, 0), trained(augmentation, 1))
    assert torch.equal(trained(augmentation, 1), trained(augmentation, 1))


def test_a_rotation_keeps_the_centre_and_a_translation_moves_the_picture():
    side = 33
    images = torch.zeros(COUNT, 3, side, side, dtype=torch.uint8)
    images[:, :, 15:18, 15:18] = 255
    whole = (images, torch.zeros(COUNT), torch.arange(COUNT))
    sizes = {**PLAIN, "resize": side, "crop": side}
    turned = prepare(whole, sizes, True, Augmentation(rotate_degrees=30))[0]
    assert turned[:, :, 16, 16].min() > 0.99
    shifted = prepare(whole, sizes, True, Augmentation(translate=0.2))[0]
    mass = shifted.sum((1, 2, 3))
    place = (shifted.sum((1, 3)) * torch.arange(side)).sum(1) / mass - 16
    assert place.abs().max() <= 0.2 * side + 0.01
    assert place.std() > 2


def test_the_colour_noise_is_alexnets():
    vectors = torch.tensor([[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.814], [-0.5836, -0.6948, 0.4203]])
    values = torch.tensor([0.2175, 0.0188, 0.0045])
    alpha = torch.tensor([[0.1, -0.2, 0.3]])
    expected = sum(vectors[:, i] * values[i] * alpha[0, i] for i in range(3))
    assert torch.allclose(colour_noise(alpha)[0, :, 0, 0], expected)
    difference = trained(Augmentation(color_pca=0.1)) - batch()[0].float() / 255
    assert torch.allclose(difference, difference[:, :, :1, :1].expand_as(difference), atol=1e-6)
    assert 0.01 < difference[:, 0, 0, 0].std() < 0.05


def test_mixup_shows_two_pictures_in_the_shares_its_labels_say():
    images, labels, _ = batch()
    mixed, soft = prepare(batch(), PLAIN, True, Augmentation(mixup=1.0), num_classes=10)
    assert torch.allclose(soft.sum(1), torch.ones(COUNT))
    partner = labels.flip(0)
    share = soft[torch.arange(COUNT), labels]
    share = torch.where(labels == partner, torch.nan, share)
    floats = images.float() / 255
    keep = share[:, None, None, None]
    expected = floats * keep + floats.flip(0) * (1 - keep)
    known = ~share.isnan()
    assert torch.allclose(mixed[known], expected[known], atol=1e-5)
    assert share[known].std() > 0.2  # Beta(1, 1) is uniform


def test_cutmix_shows_a_box_of_the_other_picture_with_its_area_in_the_label():
    images, labels, _ = batch()
    mixed, soft = prepare(batch(), PLAIN, True, Augmentation(cutmix=1.0), num_classes=10)
    own = mixed.isclose(images.float() / 255).all(1)
    other = mixed.isclose(images.flip(0).float() / 255).all(1)
    assert (own | other).all()
    share = own.float().mean((1, 2))
    differ = labels != labels.flip(0)
    assert torch.allclose(soft[torch.arange(COUNT), labels][differ], share[differ], atol=1e-6)


def test_a_picture_that_could_not_be_read_is_mixed_with_nothing():
    images, labels, indices = batch()
    labels[3] = -100
    mixed, soft = prepare((images, labels, indices), PLAIN, True, Augmentation(mixup=1.0), num_classes=10)
    assert soft[3].sum() == 0
    assert torch.allclose(mixed[COUNT - 4], images[COUNT - 4].float() / 255)
    assert soft[COUNT - 4].max() == 1


def test_beta_numbers_have_their_distribution():
    u = uniform(0, 0, torch.arange(20_000), 1)[:, 0]
    for alpha in (0.2, 1.0, 2.0):
        numbers = beta(alpha, u)
        assert abs(numbers.mean() - 0.5) < 0.01
        assert abs(numbers.var() - 1 / (4 * (2 * alpha + 1))) < 0.005


def test_a_box_in_the_middle_has_the_area_that_is_cut():
    mask = box_mask(torch.tensor([0.75]), torch.tensor([[0.5, 0.5]]), torch.Size([32, 32]))
    assert mask.mean() == 0.75


def test_a_crop_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="8-pixel crop does not fit into a picture of 4"):
        trained(Augmentation(flip=True), side=4)


def test_one_picture_or_many_evaluate_alike():
    images = [
        torch.randint(0, 256, (3, 20, 30), dtype=torch.uint8),
        torch.randint(0, 256, (1, 9, 8), dtype=torch.uint8),
    ]
    together = to_batch(images, PLAIN)
    assert together.shape == (2, 3, 8, 8)
    assert torch.equal(together[1], to_batch(images[1:], PLAIN)[0])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_batch_is_made_ready_without_waiting_for_the_gpu():
    images, labels, indices = (part.cuda() for part in batch(12))
    everything = Augmentation(crop_padding=2, flip=True, corner_crops=True, color_pca=0.1, mixup=0.2, cutmix=1.0)
    torch.cuda.set_sync_debug_mode("error")
    try:
        prepare((images, labels, indices), PLAIN, True, everything, num_classes=10)
    finally:
        torch.cuda.set_sync_debug_mode("default")
