"""A run file says what it means, or an error names the key."""

from pathlib import Path

import pytest

from training.config import ConfigError, CorpusConfig, FoldConfig, RunConfig, read_config
from training.sorting_config import is_sorting, read_sorting

RUNS = Path(__file__).parent.parent.parent / "training" / "runs"


def written(tmp_path: Path, text: str) -> Path:
    (tmp_path / "run.toml").write_text(text)
    return tmp_path / "run.toml"


def test_a_run_file_is_read(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
        name = "small"
        seed = 7
        target_fpr = 1
        [optimiser]
        epochs = 2
        learning_rate = 1
        [[corpora]]
        name = "mine"
        format = "eml"
        path = "mail"
        weight = 0.5
        report = false
        [[folds]]
        name = "lists"
        sources = ["mine/ham/*", "mine/ham/list-*"]
        """,
    )
    config = read_config(path)
    assert (config.name, config.seed, config.optimiser.epochs) == ("small", 7, 2)
    assert config.corpora == (CorpusConfig("mine", "eml", "mail", 0.5, False),)
    assert config.folds == (FoldConfig("lists", "", ("mine/ham/*", "mine/ham/list-*")),)
    assert isinstance(config.target_fpr, float)
    assert isinstance(config.optimiser.learning_rate, float)


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    assert read_config(written(tmp_path, 'name = "x"')) == RunConfig("x")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('name = "x"\nseeed = 1', "'seeed'"),
        ('name = "x"\n[optimiser]\nlearning_rat = 1.0', "'learning_rat'"),
        ('name = "x"\n[network]\nlayers = 2', "'layers'"),
        (
            'name = "x"\n[[corpora]]\nname = "a"\nformat = "eml"\npath = "p"\nwieght = 1.0',
            "'wieght'",
        ),
        ('name = "x"\n[[corpora]]\nname = "a"\nformat = "eml"', "path"),
        ("seed = 1", "name"),
        ('name = "x"\nseed = "1"', "seed"),
        ('name = "x"\nseed = 1.5', "seed"),
        ('name = "x"\nseed = true', "seed"),
        ('name = "x"\noptimiser = 3', "optimiser"),
        ('name = "x"\ncorpora = 3', "run.toml"),
        ('name = "x"\n[[folds]]\nname = "f"\nsources = [3]', "sources"),
        ("name = ?", "line 1"),
    ],
)
def test_a_wrong_file_is_an_error_that_names_the_key(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError) as error:
        read_config(written(tmp_path, text))
    assert words in str(error.value)
    assert "run.toml" in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        read_config(tmp_path / "nowhere.toml")


@pytest.mark.parametrize("path", sorted(RUNS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_recorded_run_can_be_read(path: Path) -> None:
    if is_sorting(path):
        assert read_sorting(path).optimiser.steps
    else:
        assert read_config(path).corpora


def test_a_sorters_run_file_is_read(tmp_path: Path) -> None:
    text = (
        'name = "small"\nkind = "sorter"\nseed = 3\n[network]\ndecoder = 4\n[optimiser]\nclip = 2'
    )
    path = written(tmp_path, text)
    config = read_sorting(path)
    assert is_sorting(path)
    assert (config.name, config.seed, config.network.decoder) == ("small", 3, 4)
    assert config.optimiser.clip == 2.0


def test_one_kind_of_run_is_not_read_as_the_other(tmp_path: Path) -> None:
    classifier = written(tmp_path, 'name = "small"')
    assert not is_sorting(classifier)
    with pytest.raises(ConfigError, match="kind"):
        read_sorting(classifier)
    sorter = written(tmp_path, 'name = "small"\nkind = "sorter"')
    with pytest.raises(ConfigError, match="kind"):
        read_config(sorter)
