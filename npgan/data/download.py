"""Data sets which are downloaded when first used, and verified by SHA-256."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from npgan.data.dataset import Dataset
from npgan.data.mnist_files import FILES, read_files
from npgan.data.reading import reading
from npgan.errors import InputError, chosen


@dataclass(frozen=True)
class Source:
    """Where the four files of a data set come from.

    Parameters
    ----------
    url : address of the folder
    torchvision : folder in which torchvision keeps the same files
    sha256 : field of `FILES` -> SHA-256 of the compressed file
    """

    url: str
    torchvision: str
    sha256: dict[str, str]


# The sums are those of tensorflow_datasets/url_checksums in github.com/tensorflow/datasets.
SOURCES = {
    # Fashion-MNIST: H. Xiao, K. Rasul and R. Vollgraf, 2017 (MIT licence)
    "fashion-mnist": Source(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
        "FashionMNIST/raw",
        {
            "train": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "train_labels": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "test": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "test_labels": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        },
    ),
    # KMNIST: T. Clanuwat et al., "Deep Learning for Classical Japanese Literature", 2018
    # (CC BY-SA 4.0)
    "kmnist": Source(
        "http://codh.rois.ac.jp/kmnist/dataset/kmnist",
        "KMNIST/raw",
        {
            "train": "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
            "train_labels": "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
            "test": "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
            "test_labels": "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
        },
    ),
}


def load_download(name: str) -> Dataset:
    """Load a data set of `SOURCES`, downloading those of its files which are not there yet.

    Each has 60,000 training and 10,000 test images of 28 by 28 pixels, with labels 0..9. Files are looked
    for in `data_folder`, under the data set's name or in torchvision's layout.

    Raises InputError if a download fails, or a file is not the published one.
    """
    chosen("download", name, SOURCES)
    files = {field: f"{stem}.gz" for field, stem in FILES.items()}
    return read_files(name, {field: _obtain(name, field, file) for field, file in files.items()})


def data_folder() -> Path:
    """Return the folder for downloads: `NPGAN_DATA` if set, else the user's cache folder."""
    import pooch

    return Path(os.environ.get("NPGAN_DATA") or pooch.os_cache("npgan"))


def _obtain(name: str, field: str, file: str) -> Path:
    """Return the path of a verified file, downloaded if it is not there."""
    source = SOURCES[name]
    sha256 = source.sha256[field]
    own = data_folder() / name / file
    for path in (own, data_folder() / source.torchvision / file):
        with reading(path):
            if path.exists():
                _verify(path, sha256)
                return path
    _download(f"{source.url}/{file}", own, sha256)
    return own


def _verify(path: Path, sha256: str) -> None:
    import pooch

    if pooch.file_hash(str(path)) != sha256:
        raise InputError(
            f"{path} is not the published file (its SHA-256 differs): delete it to download it "
            "again, or load its folder by path"
        )


def _download(url: str, path: Path, sha256: str) -> None:
    import pooch

    try:
        pooch.retrieve(
            url,
            known_hash=sha256,
            fname=path.name,
            path=path.parent,
            progressbar=sys.stderr.isatty(),
        )
    except (OSError, ValueError) as error:  # no connection; another SHA-256
        reason = " ".join(str(error).split())
        raise InputError(
            f"could not download {url} ({reason}): fetch it by hand and put it at {path}"
        ) from error
